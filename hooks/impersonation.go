package hooks

import (
	"context"
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
)

// maxImpersonation limits how long a superuser acts as somebody else on one token.
const maxImpersonation = time.Hour

// bindImpersonation bounds the tokens that superusers get for other accounts,
// whatever duration they ask for, and names the superuser in them: they end with the
// superuser's own. A user's token also belongs to a session, which the user and other
// superusers can see and end.
func bindImpersonation(app core.App) {
	app.OnRecordAuthRequest().Bind(&hook.Handler[*core.RecordAuthRequestEvent]{Func: impersonate, Priority: beforeAudit})
	app.OnRecordAuthWithOAuth2Request().Bind(&hook.Handler[*core.RecordAuthWithOAuth2RequestEvent]{Func: refuseToLink, Priority: beforePocketBase})
	app.OnFileTokenRequest().Bind(&hook.Handler[*core.FileTokenRequestEvent]{Func: nameInFileToken, Priority: beforeAudit})
	endWithSuperuser := func(e *core.RecordEvent) error {
		err := e.Next()
		endImpersonations(e.Context, e.App)
		return err
	}
	app.OnRecordAfterUpdateSuccess(core.CollectionNameSuperusers).BindFunc(endWithSuperuser)
	app.OnRecordAfterDeleteSuccess(core.CollectionNameSuperusers).BindFunc(endWithSuperuser)
	app.OnCollectionAfterUpdateSuccess(core.CollectionNameSuperusers).BindFunc(func(e *core.CollectionEvent) error {
		err := e.Next()
		endImpersonations(e.Context, e.App)
		return err
	})
}

// beforeAudit runs a hook before the audit trail looks at the token that the hook
// exchanges.
const beforeAudit = -1

func impersonate(e *core.RecordAuthRequestEvent) error {
	if endpoint.Of(e.Request) != endpoint.Impersonate {
		return e.Next()
	}
	if _, isImpersonation := simplejwt.Impersonation(e.RequestEvent); isImpersonation {
		// Its tokens would not end with the superuser who is behind it, and name another.
		return e.ForbiddenError("A token for impersonation cannot be used to impersonate somebody else.", nil)
	}
	var form struct {
		Duration int64 `json:"duration" form:"duration"`
	}
	if err := e.BindBody(&form); err != nil {
		return e.BadRequestError("An error occurred while loading the submitted data.", err)
	}
	duration := time.Duration(form.Duration) * time.Second
	if form.Duration <= 0 || form.Duration > int64(maxImpersonation/time.Second) {
		duration = maxImpersonation
	}
	token, err := e.Record.NewStaticAuthToken(duration)
	if err != nil {
		return err
	}
	if e.Record.Collection().Name != collections.Users {
		if e.Token, err = simplejwt.NameImpersonator(e.Record, e.Auth, token); err != nil {
			return err
		}
		return e.Next()
	}
	ctx, agent := e.Request.Context(), simplejwt.AgentOf(e.Request)
	token, session, err := simplejwt.StartImpersonation(ctx, e.App, e.Record, e.Auth, token, agent)
	if err != nil {
		return simplejwt.OfDeleted(err, e.NotFoundError("", err))
	}
	e.Token = token
	if err := e.Next(); err != nil {
		_, endErr := simplejwt.EndSession(ctx, e.App, session, e.Record.Id)
		return errors.Join(err, endErr)
	}
	return nil
}

// refuseToLink keeps an impersonator's account at a provider from being linked to the
// account, which PocketBase does for callers who are signed in.
func refuseToLink(e *core.RecordAuthWithOAuth2RequestEvent) error {
	if _, isImpersonation := simplejwt.Impersonation(e.RequestEvent); isImpersonation {
		return e.ForbiddenError("A token for impersonation cannot be used to sign in.", nil)
	}
	return e.Next()
}

// nameInFileToken has a token for files name the impersonator, too.
func nameInFileToken(e *core.FileTokenRequestEvent) error {
	if _, isImpersonation := simplejwt.Impersonation(e.RequestEvent); !isImpersonation {
		return e.Next()
	}
	var err error
	if e.Token, err = simplejwt.NewFileToken(e.RequestEvent); err != nil {
		return err
	}
	return e.Next()
}

// endImpersonations signs realtime clients out whose impersonator has just ended. If the
// database does not answer, endedElsewhere asks again within a second.
func endImpersonations(ctx context.Context, app core.App) {
	var signIns []heldBy
	for _, client := range realtime.Of(app).Broker().Clients() {
		signIn, _ := realtime.SignInOf(client)
		if account := realtime.AuthOf(client); account != nil && signIn.Impersonation != (realtime.Impersonation{}) {
			signIns = append(signIns, heldBy{client, account, signIn})
		}
	}
	if len(signIns) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	asking := endedElsewhere{app: app}
	asking.ask(ctx, signIns)
}
