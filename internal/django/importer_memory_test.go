package django_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"carebase/internal/django/importer"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestMemoryIsConstant imports 12 MB of patients and looks at the heap meanwhile.
func TestMemoryIsConstant(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	const patients, mostHeap = 6_000, 6 << 20
	from := newSource(t, clinicSchema, clinicRows,
		`WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n LIMIT 6000)
		INSERT INTO core_patient (id, name, age, notes, created_at, created_by_id)
		SELECT i, 'Patient ' || i, i % 90, printf('%.2000c', 'n'), '2024-01-01 10:00:00.123456', 1 FROM n`)
	app := testapp.NewApp(t, testapp.Default())
	// Indexing such texts takes most of the time, and SQLite's memory, not the heap.
	if _, err := app.NonconcurrentDB().NewQuery("DROP TRIGGER patients_search_insert").Execute(); err != nil {
		t.Fatal(err)
	}
	// So that hardly any garbage counts.
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	highest := uint64(0)
	start := time.Now()
	prepared, err := importer.Prepare(context.Background(), app, importer.Options{From: from, Progress: func(string, string, int64, int64) {
		runtime.ReadMemStats(&now)
		highest = max(highest, now.HeapAlloc)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	summary, err := prepared.Run(context.Background(), app)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Patients < patients {
		t.Errorf("got %v", summary)
	}
	t.Logf("%v in %v, at most %d MiB", summary, time.Since(start), (highest-before.HeapAlloc)>>20)
	if highest-before.HeapAlloc > mostHeap {
		t.Errorf("%d MiB of memory", (highest-before.HeapAlloc)>>20)
	}
}

// BenchmarkImport imports 200,000 patients from SQLite into SQLite.
func BenchmarkImport(b *testing.B) {
	testpostgres.ChooseSQLite(b)
	const patients = 200_000
	from := newSource(b, clinicSchema, clinicRows,
		`WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n LIMIT 200000)
		INSERT INTO core_patient SELECT i, 'Patient ' || i, i % 90, 'some notes about the patient', '2024-01-01 10:00:00.123456', 1 FROM n`)
	for b.Loop() {
		b.StopTimer()
		app := testapp.NewApp(b, testapp.Default())
		b.StartTimer()
		move(b, app, importer.Options{From: from})
	}
	b.ReportMetric(patients*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
