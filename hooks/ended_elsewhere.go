package hooks

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
	"carebase/internal/sqlite"
)

const (
	// askTimeout bounds asking the database for all sign-ins.
	askTimeout = 5 * time.Second
	// turnTimeout bounds the wait for the writer's turn to ask whether others have written.
	turnTimeout = 200 * time.Millisecond
	// reportEvery is how often it is logged that this fails.
	reportEvery = time.Minute
	// askFor is how long the database is asked each second after another process wrote to
	// it: who signs in at that moment may have been looked up before.
	askFor = 5 * time.Second
	// askEvery is how often it is asked if no other process writes: a script may have
	// changed an account by SQL.
	askEvery = 10 * time.Second
	// endedElsewhereKey is the key of who looks in the app's store.
	endedElsewhereKey = "carebase.hooks.endedElsewhere"
)

// bindEndedElsewhere signs realtime clients out whose sign-in was ended by a process that
// tells this one nothing: a command, or a second server on a data directory of SQLite, and
// superusers' from networks that the settings do not allow any more. It gives those whose
// account was changed the account anew: rules may ask for it.
func bindEndedElsewhere(app core.App) {
	asking := &endedElsewhere{app: app}
	app.Store().Set(endedElsewhereKey, asking)
	eachSecond(app, asking.look)
}

// askSoon has the next look ask the database.
func askSoon(app core.App) {
	if asking, ok := app.Store().Get(endedElsewhereKey).(*endedElsewhere); ok {
		asking.mustAsk.Store(true)
	}
}

// endedElsewhere looks for sign-ins that hold no longer.
type endedElsewhere struct {
	app core.App
	// signedOut are the clients that were signed out at the last look and not told.
	signedOut map[subscriptions.Client]bool
	reported  time.Time
	// version is the database's at the last look, askUntil when it need not be asked each
	// second any more, and asked when it has last answered.
	version         int64
	askUntil, asked time.Time
	// mustAsk is set once a question has had no answer.
	mustAsk atomic.Bool
}

// heldBy is a client's sign-in.
type heldBy struct {
	client  subscriptions.Client
	account *core.Record
	signIn  realtime.SignIn
}

func (e *endedElsewhere) look(ctx context.Context) {
	signIns := e.signIns()
	if len(signIns) == 0 {
		return
	}
	if e.isDue(ctx) {
		e.ask(ctx, signIns)
	} else {
		e.end(ctx, signIns, make([]bool, len(signIns)))
	}
}

// isDue reports whether to ask the database. PostgreSQL does not tell whether others have
// written.
func (e *endedElsewhere) isDue(ctx context.Context) bool {
	asking, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	version, isKnown, err := sqlite.DataVersion(asking, e.app.NonconcurrentDB())
	now := time.Now()
	if e.mustAsk.Swap(false) || !isKnown || err != nil || version != e.version {
		e.askUntil = now.Add(askFor)
	}
	e.version = version
	return now.Before(e.askUntil) || now.Sub(e.asked) >= askEvery
}

// ask signs those out of the clients whose sign-ins hold no longer. If the database does not
// tell of all, the next look asks again.
func (e *endedElsewhere) ask(ctx context.Context, signIns []heldBy) {
	held := make([]simplejwt.Held, len(signIns))
	for i, each := range signIns {
		held[i] = simplejwt.Held{Account: each.account, Session: each.signIn.Session, Impersonation: each.signIn.Impersonation}
	}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ended, changed, err := simplejwt.Ended(asking, e.app, held)
	e.end(ctx, signIns, ended)
	err = errors.Join(err, e.renew(asking, signIns, func(i int) bool { return changed[i] && !ended[i] }))
	if err == nil {
		e.asked = time.Now()
		return
	}
	askSoon(e.app)
	if ctx.Err() == nil && time.Since(e.reported) >= reportEvery {
		e.reported = time.Now()
		e.app.Logger().Error("failed to ask for the sign-ins of realtime clients, which stay as they are meanwhile", "error", err)
	}
}

// end signs clients out and, once other processes can know, tells them.
func (e *endedElsewhere) end(ctx context.Context, signIns []heldBy, ended []bool) {
	var out []subscriptions.Client
	networks := e.superuserNetworks(signIns)
	for i, each := range signIns {
		if (ended[i] || each.isOutside(networks)) && each.signOut() {
			out = append(out, each.client)
		}
	}
	if len(out) == 0 {
		return
	}
	realtime.Of(e.app).StoreSignOuts(ctx)
	for _, client := range out {
		client.Send(subscriptions.Message{Name: sessionEndedTopic, Data: []byte("{}")})
	}
}

// superuserNetworks returns from where superusers may sign in, or nothing if that is from
// anywhere or nobody is a superuser. It copies the settings under their lock: a reload
// writes into them.
func (e *endedElsewhere) superuserNetworks(signIns []heldBy) []string {
	if !slices.ContainsFunc(signIns, func(each heldBy) bool { return each.account.IsSuperuser() }) {
		return nil
	}
	settings := new(core.Settings)
	if err := settings.Merge(e.app.Settings()); err != nil {
		e.app.Logger().Error("failed to read the networks of superusers", "error", err)
	}
	return settings.SuperuserIPs
}

// isOutside reports whether a superuser's client is connected from where superusers may
// not sign in from any more. It asks as PocketBase asks for each request.
func (h heldBy) isOutside(allowed []string) bool {
	if len(allowed) == 0 || !h.account.IsSuperuser() {
		return false
	}
	connected, _ := h.client.Get(apis.RealtimeClientIPKey).(string)
	address, err := netip.ParseAddr(connected)
	return err != nil || !slices.ContainsFunc(allowed, func(item string) bool {
		if network, err := netip.ParsePrefix(item); err == nil {
			return network.Contains(address)
		}
		single, err := netip.ParseAddr(item)
		return err == nil && single == address
	})
}

// signOut signs the client out, unless it has signed in anew meanwhile.
func (h heldBy) signOut() bool {
	defer lockSignIn(h.client)()
	if !h.isCurrent() {
		return false
	}
	signOut(h.client)
	realtime.ClientOf(h.client).SetSignIn(nil)
	return true
}

// signIns returns the sign-ins of the clients that are connected to this process. Those
// that a stored state has signed out, of which nobody else may tell them, are told. They
// are at the second look: a state that is being stored signs them out for a moment.
func (e *endedElsewhere) signIns() (found []heldBy) {
	before := e.signedOut
	e.signedOut = map[subscriptions.Client]bool{}
	for _, client := range realtime.Of(e.app).Broker().Clients() {
		own := realtime.ClientOf(client)
		if own == nil || own.IsRemote() {
			continue
		}
		account := realtime.AuthOf(client)
		signIn, _ := own.SignIn()
		switch {
		case account != nil:
			found = append(found, heldBy{client, account, signIn})
		case !isSignedOut(client):
		case before[client]:
			endSignIn(client, func() bool { return isSignedOut(client) })
		default:
			e.signedOut[client] = true
		}
	}
	return found
}

// isCurrent reports whether the client has not signed in anew since.
func (h heldBy) isCurrent() bool {
	account := realtime.AuthOf(h.client)
	signIn, _ := realtime.SignInOf(h.client)
	return signIn == h.signIn && account != nil && account.Id == h.account.Id && account.Collection().Id == h.account.Collection().Id &&
		simplejwt.HaveSameKey(account, h.account)
}
