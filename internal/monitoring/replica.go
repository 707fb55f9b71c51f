package monitoring

import (
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/prometheus/client_golang/prometheus"

	"carebase/internal/backup"
)

var replicaLagDescription = prometheus.NewDesc("carebase_replica_lag_seconds",
	"How much of the last writes a lost machine would take with it. There is none before the replica has anything.", nil, nil)

// replicaLag collects the lag of an app's replica, if it has one.
type replicaLag struct {
	app core.App
}

// Describe implements prometheus.Collector.
func (replicaLag) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- replicaLagDescription
}

// Collect implements prometheus.Collector.
func (r replicaLag) Collect(collected chan<- prometheus.Metric) {
	if replica, configured := backup.ReplicaOf(r.app); configured && !replica.UpTo.IsZero() {
		collected <- prometheus.MustNewConstMetric(replicaLagDescription, prometheus.GaugeValue, time.Since(replica.UpTo).Seconds())
	}
}
