package hooks

import (
	"net/url"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// bindRequestLog keeps query strings out of PocketBase's log: filters and
// searches carry what is known about patients.
func bindRequestLog(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{
			Id: "requestLogRedaction",
			// Inside the activity logger, which reads the URL last of all.
			Priority: apis.DefaultActivityLoggerMiddlewarePriority + 1,
			Func: func(e *core.RequestEvent) error {
				defer func() {
					e.Request.URL = &url.URL{Path: e.Request.URL.Path}
					if referer, err := url.Parse(e.Request.Referer()); err == nil && referer.RawQuery != "" {
						referer.RawQuery = ""
						e.Request.Header.Set("Referer", referer.String())
					}
				}()
				return e.Next()
			},
		})
		return e.Next()
	})
}
