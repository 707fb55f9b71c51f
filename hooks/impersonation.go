package hooks

import (
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/simplejwt"
)

// maxImpersonation limits how long a superuser acts as somebody else on one token.
const maxImpersonation = time.Hour

// bindImpersonation bounds the tokens that superusers get for other accounts,
// whatever duration they ask for. A user's token belongs to a session, which the
// user and other superusers can see and end.
func bindImpersonation(app core.App) {
	app.OnRecordAuthRequest().Bind(&hook.Handler[*core.RecordAuthRequestEvent]{Func: impersonate, Priority: beforeAudit})
}

// beforeAudit runs a hook before the audit trail looks at the token that the hook
// exchanges.
const beforeAudit = -1

func impersonate(e *core.RecordAuthRequestEvent) error {
	if endpoint.Of(e.Request) != endpoint.Impersonate {
		return e.Next()
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
	e.Token = token
	if e.Record.Collection().Name != collections.Users {
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
