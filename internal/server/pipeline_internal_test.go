package server

import (
	"net/netip"
	"testing"

	"carebase/internal/config"
	"carebase/internal/postgres/cluster"
	"carebase/internal/throttle"
)

// everything is a server whose configuration asks for every middleware.
func everything() *server {
	return &server{
		Options: Options{Cluster: new(cluster.Cluster)},
		config: &config.Config{
			AllowedHosts:      []string{"clinic.example.com"},
			SuperuserNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		},
		limits: new(throttle.Throttle),
	}
}

func TestPipelineIsInOrder(t *testing.T) {
	ids := map[string]bool{}
	last := -1 << 30
	for _, entry := range everything().pipeline() {
		if entry.priority <= last {
			t.Errorf("%s stands at %d, not behind %d", entry.id, entry.priority, last)
		}
		if ids[entry.id] || entry.why == "" {
			t.Errorf("%s is there twice, or without a reason", entry.id)
		}
		last, ids[entry.id] = entry.priority, true
	}
}
