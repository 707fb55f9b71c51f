package monitoring

import (
	"github.com/prometheus/client_golang/prometheus"

	"carebase/internal/postgres"
)

// registerReadReplica adds what PostgreSQL's replica does for reads; nothing for nil.
func (m *metrics) registerReadReplica(replica *postgres.Replica) {
	if replica == nil {
		return
	}
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "carebase_read_replica_used",
			Help: "1 if reads use PostgreSQL's replica, 0 while it cannot be reached or is behind.",
		}, func() float64 {
			if replica.Serves() {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "carebase_read_replica_requests_total",
			Help: "Requests of this process that were read from PostgreSQL's replica.",
		}, func() float64 { return float64(replica.Reads()) }),
	)
}
