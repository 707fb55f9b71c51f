package realtime

import (
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

const authKey = apis.RealtimeClientAuthKey

// aroundAll is a priority around everybody's hooks.
const aroundAll = -10_000

// AuthOf returns the record that a client is signed in as, or nil.
func AuthOf(client subscriptions.Client) *core.Record {
	auth, _ := client.Get(authKey).(*core.Record)
	return auth
}

// bindSubscriptions shows the dispatcher a client's subscriptions once a request
// has made all of them, and lets the first one of a client that has connected again
// go on where it has stopped.
func (r *Room) bindSubscriptions() {
	r.app.OnRealtimeSubscribeRequest().Bind(&hook.Handler[*core.RealtimeSubscribeRequestEvent]{Priority: aroundAll, Func: func(e *core.RealtimeSubscribeRequestEvent) error {
		client := ClientOf(e.Client)
		if client == nil {
			return e.Next()
		}
		client.hold()
		err := e.Next()
		client.release()
		var then func()
		if err == nil && len(e.Subscriptions) > 0 {
			if last := client.lastEvent(); last != "" {
				then = func() { r.resume(client, last) }
			}
		}
		client.announce(then)
		return err
	}})
}
