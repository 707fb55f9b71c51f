package hooks

import (
	"errors"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/simplejwt"
)

// RealtimeSessionKey is where a realtime client has how it is signed in.
const RealtimeSessionKey = simplejwt.RealtimeKey

// bindSessions makes every user's sign-in a session, whichever door it came
// through, and ends what belongs to a session with it.
func bindSessions(app core.App) {
	app.OnRecordAuthRequest(collections.Users).BindFunc(giveSession)
	app.OnRecordUpdate(collections.Users).BindFunc(forgetSessions)
	app.OnCollectionUpdate(collections.Users).BindFunc(forgetAllSessions)
	app.OnRecordAfterUpdateSuccess(collections.Users).BindFunc(tellUser)
	app.OnRecordAfterDeleteSuccess(collections.Users).BindFunc(tellUser)
	app.OnRealtimeSubscribeRequest().BindFunc(subscribeInSession)
	bindExpiry(app)
	app.OnRecordAfterDeleteSuccess(collections.Sessions).Bind(&hook.Handler[*core.RecordEvent]{
		Func:     unsubscribeSession,
		Priority: realtimeSignIns,
	})
}

// realtimeSignIns is the priority of PocketBase's own hook that takes realtime
// clients their sign-in.
const realtimeSignIns = -99

// giveSession puts a token that PocketBase issues into a session: the one that
// it continues, or a new one. A superuser's token for somebody else is none of
// that user's sessions.
func giveSession(e *core.RecordAuthRequestEvent) error {
	if !simplejwt.IsRenewable(e.Token) {
		return e.Next()
	}
	ctx, agent := e.Request.Context(), simplejwt.AgentOf(e.Request)
	if session := simplejwt.Session(e.RequestEvent); session != "" && e.AuthMethod == "" && e.Auth != nil && e.Auth.Id == e.Record.Id {
		token, err := simplejwt.UseNativeSession(ctx, e.App, e.Record, e.Token, session, agent)
		if err != nil {
			return e.UnauthorizedError("The session has ended.", err)
		}
		e.Token = token
		return e.Next()
	}
	token, session, err := simplejwt.StartNativeSession(ctx, e.App, e.Record, e.Token, agent)
	if err != nil {
		return err
	}
	e.Token = token
	if err := e.Next(); err != nil {
		// The token was not handed out, because MFA asks for more, for example.
		_, endErr := simplejwt.EndSession(ctx, e.App, session, e.Record.Id)
		return errors.Join(err, endErr)
	}
	return nil
}

// forgetSessions removes the rows of sessions whose tokens a new token key ends,
// in the transaction that stores the key.
func forgetSessions(e *core.RecordEvent) error {
	before := e.Record.Original().TokenKey()
	return audit.InTransaction(&e.App, func() error {
		// PocketBase makes a new key for a new password on the way.
		if err := e.Next(); err != nil || e.Record.TokenKey() == before {
			return err
		}
		return simplejwt.DeleteSessions(e.Context, e.App, e.Record.Id)
	})
}

// forgetAllSessions does the same when a new secret ends everybody's tokens.
func forgetAllSessions(e *core.CollectionEvent) error {
	stored, err := e.App.FindCollectionByNameOrId(e.Collection.Id)
	if err != nil {
		return err
	}
	if stored.AuthToken.Secret == e.Collection.AuthToken.Secret {
		return e.Next()
	}
	return audit.InTransaction(&e.App, func() error {
		if err := simplejwt.DeleteSessions(e.Context, e.App, ""); err != nil {
			return err
		}
		return e.Next()
	})
}

// subscribeInSession notes how a realtime client is signed in that subscribes.
func subscribeInSession(e *core.RealtimeSubscribeRequestEvent) error {
	defer lockSignIn(e.Client)()
	if e.Auth == nil {
		e.Client.Unset(RealtimeSessionKey)
		return e.Next()
	}
	signIn, err := simplejwt.NewSignIn(e.RequestEvent)
	if err != nil {
		return err
	}
	e.Client.Set(RealtimeSessionKey, signIn.String())
	if err := e.Next(); err != nil || signIn.Session == "" {
		return err
	}
	// It may have ended before the client was known to be in it.
	living, err := simplejwt.IsLiving(e.Request.Context(), e.App, signIn.Session, e.Auth.Id)
	if err != nil || !living {
		signOut(e.Client)
	}
	return err
}

// unsubscribeSession signs out the realtime clients of a session that has ended.
func unsubscribeSession(e *core.RecordEvent) error {
	for _, client := range e.App.SubscriptionsBroker().Clients() {
		if signIn, _ := simplejwt.SignInOf(client); signIn.Session == e.Record.Id {
			client.Unset(apis.RealtimeClientAuthKey)
		}
	}
	tellSignedOut(e.App)
	return e.Next()
}

// tellUser tells a user's realtime clients that PocketBase has signed out, because
// of a new token key or because the user is gone.
func tellUser(e *core.RecordEvent) error {
	err := e.Next()
	tellSignedOut(e.App)
	return err
}

// tellSignedOut takes their subscriptions from the realtime clients that have had a
// sign-in, and tells them. It may be again, or too early: they have to ask. One of
// another process may not hear it.
func tellSignedOut(app core.App) {
	for _, client := range app.SubscriptionsBroker().Clients() {
		if _, signedIn := simplejwt.SignInOf(client); signedIn && client.Get(apis.RealtimeClientAuthKey) == nil {
			endSignIn(client, func() bool { return client.Get(apis.RealtimeClientAuthKey) == nil })
		}
	}
}
