package hooks

import (
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/dberror"
)

// bindStorage has PocketBase's APIs tell a full disk, a database that does not
// answer and a conflict from mistakes of the client, as which they show them.
func bindStorage(app core.App) {
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id: "storageFailures",
		// Within the log of requests, which tells failures from refusals.
		Priority: apis.DefaultActivityLoggerMiddlewarePriority + 2,
		Func: func(e *core.RequestEvent) error {
			err := e.Next()
			if refusal := dberror.Refusal(err); refusal != nil {
				return refusal
			}
			return err
		},
	})
	app.OnRecordValidate().Bind(&hook.Handler[*core.RecordEvent]{Priority: beforePocketBase, Func: validateOnStorage})
}

// validateOnStorage tells a record that is not valid from one that could not be
// validated: PocketBase takes a relation that it cannot look up for a missing one.
func validateOnStorage(e *core.RecordEvent) error {
	invalid := e.Next()
	if invalid == nil {
		return nil
	}
	_, err := e.App.DB().NewQuery("SELECT 1").WithContext(e.Context).Execute()
	if dberror.Refusal(err) != nil {
		return err
	}
	return invalid
}
