package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/sqlite"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// fillAndEmpty stores what takes some megabytes, and removes it again.
func fillAndEmpty(t *testing.T, database dbx.Builder) {
	t.Helper()
	for _, statement := range []string{
		"CREATE TABLE filled (content BLOB)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO filled SELECT randomblob(4000) FROM n",
		"DROP TABLE filled",
	} {
		if _, err := database.NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
}

func number(t *testing.T, database dbx.Builder, pragma string) (value int) {
	t.Helper()
	if err := database.NewQuery("PRAGMA " + pragma).Row(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestNewFilesShrinkInSteps has others write meanwhile.
func TestNewFilesShrinkInSteps(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	app := testapp.NewApp(t, testapp.Default())
	fillAndEmpty(t, app.DB())
	before := number(t, app.DB(), "page_count")
	ended, shrunk := context.WithCancel(t.Context())
	longest := make(chan time.Duration)
	go func() {
		var longestYet time.Duration
		for ended.Err() == nil {
			begun := time.Now()
			err := app.RunInTransaction(func(tx core.App) error {
				_, err := tx.DB().NewQuery("UPDATE _params SET updated = updated").Execute()
				return err
			})
			if err != nil {
				t.Error(err)
			}
			longestYet = max(longestYet, time.Since(begun))
			time.Sleep(time.Millisecond)
		}
		longest <- longestYet
	}()
	if err := sqlite.Shrink(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	shrunk()
	t.Logf("others waited at most %s", <-longest)
	if after, free := number(t, app.DB(), "page_count"), number(t, app.DB(), "freelist_count"); free > 0 || after > before-2000 {
		t.Errorf("%d of %d pages are left, %d free", after, before, free)
	}
	if _, err := app.DB().NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").Execute(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(app.DataDir(), "data.db"))
	if err != nil || info.Size() > int64(before-2000)*4096 {
		t.Errorf("the file has %d bytes: %v", info.Size(), err)
	}
}

// TestCompact makes a file that cannot shrink one that can.
func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	old, err := dbx.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	fillAndEmpty(t, old)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	database, err := sqlite.Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if mode := number(t, database, "auto_vacuum"); mode != 0 {
		t.Fatalf("the mode is %d", mode)
	}
	if err := sqlite.Compact(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	if mode, pages := number(t, database, "auto_vacuum"), number(t, database, "page_count"); mode != 2 || pages > 20 {
		t.Errorf("the mode is %d, with %d pages", mode, pages)
	}
}

// TestConnectionsWriteNothing connects to a file while somebody else writes to it.
func TestConnectionsWriteNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	first, err := sqlite.Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	writing, err := first.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writing.Rollback() }()
	second, err := sqlite.Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if mode := number(t, second, "auto_vacuum"); mode != 2 {
		t.Errorf("the mode is %d", mode)
	}
}

// TestTheLogBeginsAnew moves what is written to the database while somebody writes all
// the time, and nothing else does: the write-ahead log does not grow with it.
func TestTheLogBeginsAnew(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	app := testapp.NewApp(t, testapp.Default())
	const each, rounds, page = 400, 40, 4096
	fill := []string{
		"CREATE TABLE filled (content BLOB)",
		fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO filled SELECT randomblob(4000) FROM n", each),
	}
	for _, statement := range fill {
		if _, err := app.DB().NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	resume, err := sqlite.PauseCheckpoints(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		for range rounds {
			if _, err := app.NonconcurrentDB().NewQuery("UPDATE filled SET content = randomblob(4000)").Execute(); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	for running := true; running; {
		select {
		case err := <-written:
			if running = false; err != nil {
				t.Fatal(err)
			}
		default:
			if err := sqlite.Checkpoint(t.Context(), app); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := resume(); err != nil {
		t.Error(err)
	}
	log, err := os.Stat(filepath.Join(app.DataDir(), "data.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if pages := log.Size() / page; pages > each*rounds/2 {
		t.Errorf("the log has %d pages", pages)
	}
}
