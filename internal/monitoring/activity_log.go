package monitoring

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/rest"
)

// bindActivityLog keeps query strings out of PocketBase's log of requests, which
// the dashboard shows, and what its errors quote: filters and searches carry what
// is known about patients.
func bindActivityLog(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{
			Id: "activityLogRedaction",
			// Inside the activity logger, which reads all of it at last.
			Priority: apis.DefaultActivityLoggerMiddlewarePriority + 1,
			Func: func(e *core.RequestEvent) error {
				defer func() {
					e.Request.URL = &url.URL{Path: e.Request.URL.Path}
					e.Request.Header.Del("Referer")
				}()
				err := withoutCause(e.Next())
				if failure := rest.Failure(e); failure != nil {
					e.Set(apis.RequestEventKeyLogMeta, map[string]string{"error": withoutValues(failure)})
				}
				return err
			},
		})
		return e.Next()
	})
}

// withoutCause leaves of a refusal what the caller is told. The cause of a
// failure on the server's side stays, for its operators to find.
func withoutCause(err error) error {
	var refusal *router.ApiError
	if !errors.As(err, &refusal) || refusal.Status >= http.StatusInternalServerError {
		return err
	}
	return &router.ApiError{Status: refusal.Status, Message: refusal.Message, Data: refusal.Data}
}
