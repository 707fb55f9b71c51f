package audit_test

import (
	"syscall"
	"testing"
	"time"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// BenchmarkViews stores events of views, as many per transaction as come together under
// load, and reports the processor time of one.
func BenchmarkViews(b *testing.B) {
	const together = 512
	trail := audit.Of(testapp.NewApp(b, testapp.Default()))
	begun := processorTime(b)
	for b.Loop() {
		if err := trail.StoreViews(together); err != nil {
			b.Fatal(err)
		}
	}
	spent := processorTime(b) - begun
	b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(b.N*together), "µs/event")
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
