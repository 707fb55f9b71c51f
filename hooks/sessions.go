package hooks

import (
	"context"
	"errors"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
)

// bindSessions starts a session for every sign-in of a user, at every door, and
// ends the session's subscriptions together with it.
func bindSessions(app core.App) {
	app.OnRecordAuthRequest(collections.Users).Bind(&hook.Handler[*core.RecordAuthRequestEvent]{Func: giveSession, Priority: beforeAudit})
	app.OnRecordUpdate(collections.Users).BindFunc(forgetSessions)
	app.OnCollectionUpdate(collections.Users).BindFunc(forgetAllSessions)
	app.OnCollectionUpdate().BindFunc(renewFileSecret)
	app.OnCollectionAfterUpdateSuccess(collections.Users).BindFunc(tellUsers)
	app.OnRecordAfterUpdateSuccess(collections.Users).BindFunc(tellUser)
	app.OnRecordAfterDeleteSuccess(collections.Users).BindFunc(tellUser)
	app.OnRealtimeSubscribeRequest().BindFunc(subscribeInSession)
	bindExpiry(app)
	bindEndedElsewhere(app)
	app.OnRecordAfterDeleteSuccess(collections.Sessions).Bind(&hook.Handler[*core.RecordEvent]{
		Func:     unsubscribeSession,
		Priority: realtimeSignIns,
	})
}

// realtimeSignIns is the priority of PocketBase's own hook that signs realtime
// clients out.
const realtimeSignIns = -99

// giveSession puts a token that PocketBase issues into a session: the one that
// it continues, or a new one. Tokens of impersonation, which cannot be renewed,
// get theirs from bindImpersonation.
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
		return simplejwt.OfDeleted(err, e.BadRequestError("Failed to authenticate.", err)) // as without the account
	}
	e.Token = token
	if err := e.Next(); err != nil {
		// The token was not handed out, because MFA asks for more, for example.
		_, endErr := simplejwt.EndSession(ctx, e.App, session, e.Record.Id)
		return errors.Join(err, endErr)
	}
	return nil
}

// forgetSessions deletes the sessions that a new token key ends, in the
// transaction that stores the key.
func forgetSessions(e *core.RecordEvent) error {
	before := e.Record.Original().TokenKey()
	return audit.InTransaction(&e.App, func() error {
		// Saving a new password also makes PocketBase generate a new key.
		if err := e.Next(); err != nil || e.Record.TokenKey() == before {
			return err
		}
		return simplejwt.DeleteSessions(e.Context, e.App, e.Record.Id)
	})
}

// forgetAllSessions deletes all sessions when a new secret ends all tokens.
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

// renewFileSecret ends the tokens for files with all others of a collection.
func renewFileSecret(e *core.CollectionEvent) error {
	if !e.Collection.IsAuth() {
		return e.Next()
	}
	stored, err := e.App.FindCollectionByNameOrId(e.Collection.Id)
	if err != nil {
		return err
	}
	if stored.AuthToken.Secret != e.Collection.AuthToken.Secret && stored.FileToken.Secret == e.Collection.FileToken.Secret {
		e.Collection.FileToken.Secret = security.RandomString(secretLength)
	}
	return e.Next()
}

// subscribeInSession stores with the realtime client how it is signed in.
func subscribeInSession(e *core.RealtimeSubscribeRequestEvent) error {
	defer lockSignIn(e.Client)()
	client := realtime.ClientOf(e.Client)
	if e.Auth == nil {
		client.SetSignIn(nil)
		return e.Next()
	}
	signIn, err := simplejwt.NewSignIn(e.RequestEvent)
	if err != nil {
		return err
	}
	client.SetSignIn(signIn)
	if err := e.Next(); err != nil {
		if realtime.AuthOf(e.Client) == nil {
			client.SetSignIn(nil) // it was refused, and there is no end to tell it of
		}
		return err
	}
	// The sign-in may have ended before the client was known to have it.
	stillHolds, err := holds(e.Request.Context(), e.App, signIn, e.Auth)
	if err != nil || !stillHolds {
		tellEnd(e.Client)
	}
	return err
}

// holds reports whether what a request was signed in with has not ended: the session
// or, of accounts without sessions, the keys that their tokens are signed with; and the
// impersonation, if it is one.
func holds(ctx context.Context, app core.App, signIn *realtime.SignIn, account *core.Record) (bool, error) {
	if ended, err := simplejwt.ImpersonationEnded(ctx, app, signIn.Impersonation); err != nil || ended {
		return false, err
	}
	if signIn.Session != "" {
		return simplejwt.IsLiving(ctx, app, signIn.Session, account.Id)
	}
	collection, err := app.FindCollectionByNameOrId(account.Collection().Id)
	if err != nil {
		return false, err
	}
	stored, err := app.FindRecordById(collection, account.Id)
	if err != nil {
		return false, err
	}
	return simplejwt.HaveSameKey(stored, account), nil
}

// unsubscribeSession signs out the realtime clients of an ended session. They stay
// connected and may subscribe again, as after a password change in PocketBase.
func unsubscribeSession(e *core.RecordEvent) error {
	for _, client := range realtime.Of(e.App).Broker().Clients() {
		if signIn, _ := realtime.SignInOf(client); signIn.Session == e.Record.Id {
			client.Unset(apis.RealtimeClientAuthKey)
		}
	}
	return tellUser(e)
}

// tellUser notifies the realtime clients that are signed out after the end of a
// session, a new token key or the deletion of the user. That they are is stored before:
// other processes pass on what is sent to the clients as they are now.
func tellUser(e *core.RecordEvent) error {
	err := e.Next()
	tellSignedOut(e.App)
	return err
}

// tellUsers notifies the realtime clients that are signed out after a new secret.
func tellUsers(e *core.CollectionEvent) error {
	err := e.Next()
	tellSignedOut(e.App)
	return err
}

// tellSignedOut removes the subscriptions of clients that were signed in and no longer
// are, and notifies them. A notice may be repeated or early, so clients ask whether
// their session is valid. Clients of other processes may not receive it.
func tellSignedOut(app core.App) {
	for _, client := range realtime.Of(app).Broker().Clients() {
		if isSignedOut(client) {
			endSignIn(client, func() bool { return isSignedOut(client) })
		}
	}
}

// isSignedOut reports whether a client has not been told yet that its sign-in is over.
func isSignedOut(client subscriptions.Client) bool {
	_, signedIn := realtime.SignInOf(client)
	return signedIn && client.Get(apis.RealtimeClientAuthKey) == nil
}
