package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/endpoint"
)

// checkHost refuses requests for a host that is not ours, as Django's
// ALLOWED_HOSTS. Probes name the address of a machine or container; their answers
// say nothing.
func (s *server) checkHost(e *core.RequestEvent) error {
	if !endpoint.IsProbe(e.Request) && !hostAllowed(s.config.AllowedHosts, e.Request.Host) {
		return router.NewApiError(http.StatusBadRequest, "Invalid Host header.", nil)
	}
	return e.Next()
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
