package monitoring

import (
	"context"

	"github.com/pocketbase/pocketbase/core"
	"github.com/prometheus/client_golang/prometheus"

	"carebase/internal/deletion"
)

var (
	deletionsDescription = prometheus.NewDesc("carebase_deletions",
		"Deleted records, such as accounts, of which not everything that belongs to them is removed yet.", nil, nil)
	deletionRecordsDescription = prometheus.NewDesc("carebase_deletion_records",
		"Records that are left to remove because what they belong to is deleted.", nil, nil)
)

// deletions collects how much is left of deleted records.
type deletions struct {
	app core.App
}

// Describe implements prometheus.Collector.
func (deletions) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- deletionsDescription
	descriptions <- deletionRecordsDescription
}

// Collect implements prometheus.Collector.
func (d deletions) Collect(collected chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	state, err := deletion.StateOf(ctx, d.app)
	if err != nil {
		d.app.Logger().Warn("failed to read how much is left of deleted records", "error", err)
		return
	}
	collected <- prometheus.MustNewConstMetric(deletionsDescription, prometheus.GaugeValue, float64(state.Deletions))
	collected <- prometheus.MustNewConstMetric(deletionRecordsDescription, prometheus.GaugeValue, float64(state.Records))
}
