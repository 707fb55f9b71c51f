package hooks

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/dberror"
)

// beforePocketBase runs a hook around PocketBase's own validation.
const beforePocketBase = -10_000

// bindValidation distinguishes an invalid record from a failed validation:
// PocketBase reports a relation that it cannot look up as a missing record.
func bindValidation(app core.App) {
	app.OnRecordValidate().Bind(&hook.Handler[*core.RecordEvent]{
		Priority: beforePocketBase,
		Func: func(e *core.RecordEvent) error {
			invalid := e.Next()
			if invalid == nil {
				return nil
			}
			_, err := e.App.DB().NewQuery("SELECT 1").WithContext(e.Context).Execute()
			if dberror.Refusal(err) != nil {
				return err
			}
			return invalid
		},
	})
}
