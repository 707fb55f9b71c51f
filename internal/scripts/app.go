package scripts

import (
	"context"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// hookApp is the app that a runtime's scripts have. Its writes are recorded as a hook's.
type hookApp struct {
	core.App
	runtime *runtime
}

// Save implements core.App.
func (a hookApp) Save(model core.Model) error {
	return a.SaveWithContext(context.Background(), model)
}

// SaveWithContext implements core.App.
func (a hookApp) SaveWithContext(ctx context.Context, model core.Model) error {
	return a.App.SaveWithContext(audit.ByHook(ctx), model)
}

// SaveNoValidate implements core.App.
func (a hookApp) SaveNoValidate(model core.Model) error {
	return a.SaveNoValidateWithContext(context.Background(), model)
}

// SaveNoValidateWithContext implements core.App.
func (a hookApp) SaveNoValidateWithContext(ctx context.Context, model core.Model) error {
	return a.App.SaveNoValidateWithContext(audit.ByHook(ctx), model)
}

// Delete implements core.App.
func (a hookApp) Delete(model core.Model) error {
	return a.DeleteWithContext(context.Background(), model)
}

// DeleteWithContext implements core.App.
func (a hookApp) DeleteWithContext(ctx context.Context, model core.Model) error {
	return a.App.DeleteWithContext(audit.ByHook(ctx), model)
}

// RunInTransaction implements core.App.
func (a hookApp) RunInTransaction(work func(core.App) error) error {
	return a.App.RunInTransaction(func(tx core.App) error {
		if a.runtime.work == nil {
			a.runtime.workAlone()
			defer func() { a.runtime.end() }()
		}
		return work(hookApp{tx, a.runtime})
	})
}
