package sqlite

import (
	"path/filepath"
	"sync"
	"testing"
)

// TestSnapshots writes through the process's pool and through another, and then nothing.
func TestSnapshots(t *testing.T) {
	p := newSharedPool(t)
	snapshot := func() Snapshot {
		found, isKnown := SnapshotOf(p.writer)
		if !isKnown {
			t.Fatal("it is not known")
		}
		return found
	}
	seen := map[Snapshot]bool{snapshot(): true}
	for _, change := range []func() error{
		func() error { _, err := p.pool.Exec("INSERT INTO t VALUES ('own')"); return err },
		func() error { _, err := p.reader.NewQuery("INSERT INTO t VALUES ('another')").Execute(); return err },
		func() error {
			tx, err := p.insert(creating(t), "in a transaction")
			if err != nil {
				return err
			}
			return tx.Commit()
		},
		func() error { _, err := p.reader.NewQuery("UPDATE t SET x = x || '.'").Execute(); return err },
		func() error { _, err := p.reader.NewQuery("CREATE TABLE u (x)").Execute(); return err },
		func() error {
			if _, err := p.reader.NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").Execute(); err != nil {
				return err
			}
			_, err := p.reader.NewQuery("INSERT INTO t VALUES ('into a new log')").Execute()
			return err
		},
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		now := snapshot()
		if seen[now] {
			t.Errorf("%v has been there before", now)
		}
		seen[now] = true
	}
	before := snapshot()
	if p.stored(); snapshot() != before {
		t.Error("a read has changed it")
	}
	if err := p.begin(creating(t)).Rollback(); err != nil || snapshot() != before {
		t.Errorf("what was rolled back has changed it, %v", err)
	}
}

// TestSnapshotsOfAFileThatWasClosed has all connections close, as after some idle minutes,
// and another process change the file meanwhile.
func TestSnapshotsOfAFileThatWasClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	change := func(statement string) {
		other, err := Connect(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
	change("CREATE TABLE t (x)")
	writer, err := Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	writer.DB().SetMaxOpenConns(1)
	if err := share(writer); err != nil {
		t.Fatal(err)
	}
	writer.DB().SetMaxIdleConns(-1)
	var found [2]Snapshot
	for i := range found {
		open, err := writer.DB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		isKnown := false
		if found[i], isKnown = SnapshotOf(writer); !isKnown {
			t.Error("it is not known")
		}
		if err := open.Close(); err != nil {
			t.Fatal(err)
		}
		change("INSERT INTO t VALUES (1)")
	}
	if found[0] == found[1] {
		t.Errorf("twice %v", found[0])
	}
}

// TestSnapshotsWhileConnectionsClose asks for snapshots while the connection that shows
// them is closed and opened.
func TestSnapshotsWhileConnectionsClose(t *testing.T) {
	writer, err := Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	writer.DB().SetMaxOpenConns(1)
	if _, isKnown := SnapshotOf(writer); isKnown {
		t.Error("a pool that shares nothing yet has one")
	}
	if err := share(writer); err != nil {
		t.Fatal(err)
	}
	writer.DB().SetMaxIdleConns(-1) // closes the connection after each statement
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					SnapshotOf(writer)
				}
			}
		})
	}
	for range 200 {
		if _, err := writer.NewQuery("SELECT 1").Execute(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	group.Wait()
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	if _, isKnown := SnapshotOf(writer); isKnown {
		t.Error("a closed pool has one")
	}
}
