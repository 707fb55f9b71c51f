package hooks

import (
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/storage"
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
			if refusal := storage.Refusal(err); refusal != nil {
				return refusal
			}
			return err
		},
	})
}
