package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/deadline"
	"carebase/internal/sqlite"
)

// endless gives a first row at once and the second one never.
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n WHERE i = 1 OR i < 0"

// limit is the deadline of work that would never end.
const limit = 50 * time.Millisecond

func connect(t testing.TB) *dbx.DB {
	t.Helper()
	db, err := sqlite.Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.DB().SetMaxOpenConns(1)
	if _, err := db.NewQuery("CREATE TABLE t (x INTEGER)").Execute(); err != nil {
		t.Fatal(err)
	}
	return db
}

func count(t testing.TB, db *dbx.DB) (rows int) {
	t.Helper()
	if err := db.NewQuery("SELECT count(*) FROM t").Row(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestStatementsEndAtTheDeadline(t *testing.T) {
	db := connect(t)
	var numbers []int
	for name, run := range map[string]func(db *dbx.DB) error{
		"rows": func(db *dbx.DB) error { return db.NewQuery(endless).Column(&numbers) },
		"no row": func(db *dbx.DB) error {
			return db.NewQuery("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n WHERE i < 0").Row(new(int))
		},
		"write": func(db *dbx.DB) error { _, err := db.NewQuery("INSERT INTO t " + endless).Execute(); return err },
		"prepared": func(db *dbx.DB) error {
			q := db.NewQuery(endless).Prepare()
			defer q.Close()
			return q.Column(&numbers)
		},
	} {
		t.Run(name, func(t *testing.T) {
			work := deadline.New(t.Context(), limit)
			defer work.Stop()
			for _, ctx := range []context.Context{work.Quiet(), work.Within(t.Context())} {
				start := time.Now()
				err := run(db.WithContext(ctx))
				if err == nil || time.Since(start) > 10*time.Second {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
			}
			if !work.Exceeded() {
				t.Error("the work's time is not over")
			}
			if count(t, db) != 0 {
				t.Error("half of a write stayed")
			}
		})
	}
}

// TestNoHalfOfATransactionStays goes on after each statement that the deadline
// has ended, as code does that only logs an error.
func TestNoHalfOfATransactionStays(t *testing.T) {
	db := connect(t)
	for name, last := range map[string]string{"a write": "INSERT INTO t " + endless, "a read": endless, "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			work := deadline.New(t.Context(), limit)
			defer work.Stop()
			err := db.WithContext(work.Quiet()).Transactional(func(tx *dbx.Tx) error {
				if _, err := tx.NewQuery("INSERT INTO t VALUES (1)").Execute(); err != nil {
					return err
				}
				var numbers []int
				if last != "" && tx.NewQuery(last).Column(&numbers) == nil {
					t.Error("the statement succeeded")
				}
				<-work.Done()
				if _, err := tx.NewQuery("INSERT INTO t VALUES (2)").Execute(); err == nil {
					t.Error("a later statement succeeded")
				}
				// Nor does one that knows nothing of the deadline.
				_, _ = tx.NewQuery("INSERT INTO t VALUES (3)").WithContext(context.Background()).Execute()
				return nil
			})
			if err == nil {
				t.Error("the transaction was committed")
			}
			if rows := count(t, db); rows != 0 {
				t.Errorf("%d rows stayed", rows)
			}
			// The connection serves others.
			if _, err := db.NewQuery("INSERT INTO t VALUES (4)").Execute(); err != nil {
				t.Error(err)
			}
			if _, err := db.NewQuery("DELETE FROM t").Execute(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestInterruptsMeetTheirOwnStatement ends many works while others use the same
// connection.
func TestInterruptsMeetTheirOwnStatement(t *testing.T) {
	db := connect(t)
	for range 50 {
		work := deadline.New(t.Context(), time.Millisecond)
		var numbers []int
		if err := db.WithContext(work.Quiet()).NewQuery(endless).Column(&numbers); err == nil {
			t.Fatal("the statement succeeded")
		}
		if err := db.NewQuery("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) SELECT sum(i) FROM n").Row(new(int)); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkStatement(b *testing.B) {
	db := connect(b)
	work := deadline.New(b.Context(), time.Hour)
	defer work.Stop()
	same := db.WithContext(work.Quiet())
	for name, context := range map[string]func() (*dbx.DB, func()){
		"without": func() (*dbx.DB, func()) { return db, func() {} },
		"quiet": func() (*dbx.DB, func()) {
			work := deadline.New(b.Context(), time.Minute)
			return db.WithContext(work.Quiet()), work.Stop
		},
		"same work": func() (*dbx.DB, func()) { return same, func() {} },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				db, stop := context()
				if err := db.NewQuery("SELECT 1").Row(new(int)); err != nil {
					b.Fatal(err)
				}
				stop()
			}
		})
	}
}
