package hooks

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
)

const (
	// sessionEndedTopic is where a realtime client hears that its session may have
	// ended.
	sessionEndedTopic = "@sessionEnded"
	// expiryEvery is how often realtime clients with expired tokens are looked for.
	// Between two looks they are sent nothing.
	expiryEvery = time.Second
	// beforeDelivery is a priority before what records a message that is sent.
	beforeDelivery = -1000
)

// bindExpiry signs a realtime client out when the token that it has subscribed with
// expires. It stays connected and may subscribe anew.
func bindExpiry(app core.App) {
	app.OnRealtimeMessageSend().Bind(&hook.Handler[*core.RealtimeMessageEvent]{Priority: beforeDelivery, Func: withholdExpired})
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

// withholdExpired sends no record to a client whose token has expired.
func withholdExpired(e *core.RealtimeMessageEvent) error {
	signIn, signedIn := simplejwt.SignInOf(e.Client)
	isRecord := !strings.HasPrefix(e.Message.Name, "@") && e.Message.Name != "PB_CONNECT"
	if signedIn && signIn.HasExpired() && isRecord {
		return nil
	}
	return e.Next()
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
	signIn, signedIn := simplejwt.SignInOf(client)
	return signedIn && signIn.HasExpired() && client.Get(apis.RealtimeClientAuthKey) != nil
}

// endSignIn signs a client out, unless it has signed in again meanwhile, and tells
// it.
func endSignIn(client subscriptions.Client, stillEnded func() bool) {
	defer lockSignIn(client)()
	if !stillEnded() {
		return
	}
	signOut(client)
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
