package hooks

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
)

// sessionEndedTopic is where a realtime client hears that its session may have ended.
const sessionEndedTopic = "@sessionEnded"

// bindExpiry signs a realtime client out when the token that it has subscribed with
// expires. It stays connected and may subscribe anew. Between two looks the room sends
// it no record.
func bindExpiry(app core.App) {
	eachSecond(app, func(context.Context) {
		for _, client := range realtime.Of(app).Broker().Clients() {
			if hasExpired(client) {
				endSignIn(client, func() bool { return hasExpired(client) })
			}
		}
	})
}

func hasExpired(client subscriptions.Client) bool {
	signIn, signedIn := realtime.SignInOf(client)
	return signedIn && signIn.HasExpired() && client.Get(apis.RealtimeClientAuthKey) != nil
}

// endSignIn signs a client out, unless it has signed in again meanwhile, and tells
// it.
func endSignIn(client subscriptions.Client, stillEnded func() bool) {
	defer lockSignIn(client)()
	if stillEnded() {
		tellEnd(client)
	}
}

// tellEnd signs a client out and tells it. The caller has locked its sign-in.
func tellEnd(client subscriptions.Client) {
	signOut(client)
	realtime.ClientOf(client).SetSignIn(nil)
	client.Send(subscriptions.Message{Name: sessionEndedTopic, Data: []byte("{}")})
}

// signOut leaves a client nothing to receive: as a guest's, its subscriptions would
// still be looked at for each record that is written.
func signOut(client subscriptions.Client) {
	if client.Get(apis.RealtimeClientAuthKey) != nil {
		client.Unset(apis.RealtimeClientAuthKey)
	}
	if len(client.Subscriptions()) > 0 {
		client.Unsubscribe()
	}
}

// signInLocks keep a client from being signed out while it signs in again.
var (
	signInLocks [64]sync.Mutex
	signInSeed  = maphash.MakeSeed()
)

func lockSignIn(client subscriptions.Client) (unlock func()) {
	lock := &signInLocks[maphash.String(signInSeed, client.Id())%uint64(len(signInLocks))]
	lock.Lock()
	return lock.Unlock
}
