package hooks

import (
	"net"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"
)

// bindHosts refuses requests for a host that is not ours, as Django's
// ALLOWED_HOSTS, before anything else looks at them.
func bindHosts(app core.App, allowed []string) {
	if len(allowed) == 0 {
		return
	}
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id:       "allowedHosts",
		Priority: apis.DefaultCorsMiddlewarePriority - 1,
		Func: func(e *core.RequestEvent) error {
			if !hostAllowed(allowed, e.Request.Host) {
				return router.NewApiError(http.StatusBadRequest, "Invalid Host header.", nil)
			}
			return e.Next()
		},
	})
}

// hostAllowed compares without port, trailing dot and case. ".example.com"
// stands for the domain and all below it.
func hostAllowed(allowed []string, hostPort string) bool {
	host := hostPort
	if withoutPort, _, err := net.SplitHostPort(hostPort); err == nil {
		host = withoutPort
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	for _, pattern := range allowed {
		domain, wildcard := strings.CutPrefix(pattern, ".")
		if pattern == "*" || host == domain || (wildcard && strings.HasSuffix(host, pattern)) {
			return true
		}
	}
	return false
}
