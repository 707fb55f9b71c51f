package audit_test

import (
	"syscall"
	"testing"
	"time"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// BenchmarkViews stores events of views, as many per transaction as come together under
// load, and reports the processor time of one. What puts them into the index later is
// reported apart.
func BenchmarkViews(b *testing.B) {
	const together, indexEvery = 512, 256
	app := testapp.NewApp(b, testapp.Default())
	trail := audit.Of(app)
	var storing, indexing time.Duration
	stored := 0
	for b.Loop() {
		begun := processorTime(b)
		if err := trail.StoreViews(together); err != nil {
			b.Fatal(err)
		}
		ended := processorTime(b)
		storing += ended - begun
		if stored++; stored%indexEvery == 0 {
			if err := audit.IndexLists(b.Context(), app); err != nil {
				b.Fatal(err)
			}
			indexing += processorTime(b) - ended
		}
	}
	perEvent := func(spent time.Duration, events int) float64 {
		return float64(spent.Nanoseconds()) / 1000 / float64(events)
	}
	b.ReportMetric(perEvent(storing, stored*together), "µs/event")
	if indexed := stored / indexEvery * indexEvery * together; indexed > 0 {
		b.ReportMetric(perEvent(indexing, indexed), "µs-indexing/event")
	}
}

// processorTime returns the user and system time that this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
