package cluster

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/postgres"
	"carebase/internal/testing/testpostgres"
)

const everyMinute = "* * * * *"

// members starts processes on one database, each with its own app and name.
// Their job counts its runs.
func members(t *testing.T, size int, schedule string) (clusters []*Cluster, runs *atomic.Int64) {
	t.Helper()
	settings, runs := testpostgres.New(t), &atomic.Int64{}
	for range size {
		database, err := postgres.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		app := core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir(), DBConnect: database.Connect})
		if err := app.Bootstrap(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := app.ResetBootstrapState(); err != nil {
				t.Error(err)
			}
		})
		app.Cron().MustAdd("count", schedule, func() { runs.Add(1) })
		member := newCluster(app, database)
		if err := member.start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := member.end(); err != nil {
				t.Error(err)
			}
		})
		clusters = append(clusters, member)
	}
	return clusters, runs
}

// run runs a job as the scheduler and the dashboard do.
func run(t *testing.T, member *Cluster, id string) {
	t.Helper()
	for _, job := range member.app.Cron().Jobs() {
		if job.Id() == id {
			job.Run()
			return
		}
	}
	t.Fatalf("no job %s", id)
}

// awaitCalmMinute makes sure that the minute does not end during a test.
func awaitCalmMinute() {
	if left := time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)); left < 5*time.Second {
		time.Sleep(left)
	}
}

// awaitShared waits until the member has wrapped the job.
func awaitShared(t *testing.T, member *Cluster, id string) {
	t.Helper()
	for deadline := time.Now().Add(5 * heartbeatInterval); ; time.Sleep(10 * time.Millisecond) {
		member.jobsMutex.Lock()
		shared := slices.Contains(member.app.Cron().Jobs(), member.jobs[id])
		member.jobsMutex.Unlock()
		if shared {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the job %s runs in every process", id)
		}
	}
}

func TestScheduledJobRunsInOneProcess(t *testing.T) {
	clusters, runs := members(t, 3, everyMinute)
	awaitCalmMinute()
	for _, member := range clusters {
		run(t, member, "count")
	}
	if got := runs.Load(); got != 1 {
		t.Errorf("three processes were due: got %d runs", got)
	}
	run(t, clusters[2], "count")
	if got := runs.Load(); got != 2 {
		t.Errorf("a manual start in a due minute: got %d runs", got)
	}
}

func TestManuallyStartedJobRuns(t *testing.T) {
	clusters, runs := members(t, 2, "0 0 1 1 *")
	for _, member := range clusters {
		run(t, member, "count")
	}
	if got := runs.Load(); got != 2 {
		t.Errorf("two manual starts: got %d runs", got)
	}
}

func TestReplacedJobIsSharedAgain(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	runs := &atomic.Int64{}
	for _, member := range clusters {
		member.app.Cron().MustAdd("count", everyMinute, func() { runs.Add(1) })
	}
	for _, member := range clusters {
		awaitShared(t, member, "count")
	}
	awaitCalmMinute()
	for _, member := range clusters {
		run(t, member, "count")
	}
	if got := runs.Load(); got != 1 {
		t.Errorf("got %d runs", got)
	}
}

func TestPocketBaseJobsAreShared(t *testing.T) {
	clusters, _ := members(t, 1, everyMinute)
	jobs := clusters[0].app.Cron().Jobs()
	if len(jobs) < 4 {
		t.Fatalf("only %d jobs", len(jobs))
	}
	for _, job := range jobs {
		if clusters[0].jobs[job.Id()] != job {
			t.Errorf("%s runs in every process", job.Id())
		}
	}
}
