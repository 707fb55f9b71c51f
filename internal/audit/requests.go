package audit

import (
	"context"
	"errors"

	"github.com/pocketbase/pocketbase/core"
)

// Follow is the middleware that ties everything that a request causes to the
// request, and records refusals. It runs around all middlewares that may refuse.
func Follow(e *core.RequestEvent) error {
	trail := Of(e.App)
	if trail == nil {
		return e.Next()
	}
	caller := &request{RequestEvent: e, method: e.Request.Method}
	e.Set(requestKey, caller)
	e.App = requestApp{App: e.App, trail: trail, request: caller}
	failure := e.Next()
	if failure == nil {
		return nil
	}
	if err := errors.Join(recordFailedLogin(e), recordRefusal(e, failure)); err != nil {
		return err
	}
	return failure
}

// requestApp is a request's app: its transactions know the request.
type requestApp struct {
	core.App
	trail   *Trail
	request *request
}

// Replace returns a request's app with another one in the place of the app below.
func Replace(app core.App, replacement func(below core.App) (core.App, error)) (core.App, error) {
	outer, ok := app.(requestApp)
	if !ok {
		return replacement(app)
	}
	var err error
	outer.App, err = replacement(outer.App)
	return outer, err
}

// RunInTransaction implements core.App.
func (a requestApp) RunInTransaction(work func(core.App) error) error {
	return a.App.RunInTransaction(func(tx core.App) error {
		a.trail.transactionOf(tx).request = a.request
		return work(tx)
	})
}

// Save implements core.App.
func (a requestApp) Save(model core.Model) error {
	return a.SaveWithContext(context.Background(), model)
}

// SaveWithContext implements core.App.
func (a requestApp) SaveWithContext(ctx context.Context, model core.Model) error {
	return a.App.SaveWithContext(withRequest(ctx, a.request), model)
}

// SaveNoValidate implements core.App.
func (a requestApp) SaveNoValidate(model core.Model) error {
	return a.SaveNoValidateWithContext(context.Background(), model)
}

// SaveNoValidateWithContext implements core.App.
func (a requestApp) SaveNoValidateWithContext(ctx context.Context, model core.Model) error {
	return a.App.SaveNoValidateWithContext(withRequest(ctx, a.request), model)
}

// Delete implements core.App.
func (a requestApp) Delete(model core.Model) error {
	return a.DeleteWithContext(context.Background(), model)
}

// DeleteWithContext implements core.App.
func (a requestApp) DeleteWithContext(ctx context.Context, model core.Model) error {
	return a.App.DeleteWithContext(withRequest(ctx, a.request), model)
}

// TruncateCollection implements core.App.
func (a requestApp) TruncateCollection(collection *core.Collection) error {
	return a.RunInTransaction(func(tx core.App) error { return tx.TruncateCollection(collection) })
}

// ImportCollections implements core.App.
func (a requestApp) ImportCollections(imported []map[string]any, deleteMissing bool) error {
	return a.RunInTransaction(func(tx core.App) error { return tx.ImportCollections(imported, deleteMissing) })
}

type contextKey struct{}

func withRequest(ctx context.Context, caller *request) context.Context {
	return context.WithValue(ctx, contextKey{}, caller)
}

// requestOf returns the request that caused a hook's event, from the context or the
// transaction; nil if none did.
func (t *Trail) requestOf(ctx context.Context, app core.App) *request {
	if caller, ok := ctx.Value(contextKey{}).(*request); ok {
		return caller
	}
	if wrapped, ok := app.(requestApp); ok {
		return wrapped.request
	}
	if app.TxInfo() != nil {
		return t.transactionOf(app).request
	}
	return nil
}
