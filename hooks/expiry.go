package hooks

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
)

const (
	// sessionEndedTopic is where a realtime client hears that its session may have
	// ended.
	sessionEndedTopic = "@sessionEnded"
	// expiryEvery is how often realtime clients with expired tokens are looked for.
	// Between two looks the room sends them no record.
	expiryEvery = time.Second
)

// bindExpiry signs a realtime client out when the token that it has subscribed with
// expires. It stays connected and may subscribe anew.
func bindExpiry(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		ended := make(chan struct{})
		end := sync.OnceFunc(func() { close(ended) })
		app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
			end()
			return e.Next()
		})
		go signOutExpired(app, ended)
		return e.Next()
	})
}

func signOutExpired(app core.App, ended <-chan struct{}) {
	ticker := time.NewTicker(expiryEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
		}
		for _, client := range realtime.Of(app).Broker().Clients() {
			if hasExpired(client) {
				endSignIn(client, func() bool { return hasExpired(client) })
			}
		}
	}
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
