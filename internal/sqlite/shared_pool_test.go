package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/pocketbase/dbx"
)

// sharedPool is a pool whose connections share one, and a reader.
type sharedPool struct {
	*testing.T
	writer *dbx.DB
	pool   *sql.DB
	shared *shared
	reader *dbx.DB
}

func newSharedPool(t *testing.T) *sharedPool {
	path := filepath.Join(t.TempDir(), "data.db")
	writer, err := Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(writer.Close(), reader.Close()); err != nil {
			t.Error(err)
		}
	})
	writer.DB().SetMaxOpenConns(1)
	if _, err := writer.NewQuery("CREATE TABLE t (x TEXT)").Execute(); err != nil {
		t.Fatal(err)
	}
	if err := share(writer); err != nil {
		t.Fatal(err)
	}
	p := &sharedPool{t, writer, writer.DB(), writer.DB().Driver().(*connector).shared.Load(), reader}
	p.exec("INSERT INTO t VALUES ('before')")
	watchWAL(t, p.shared.own.handle)
	return p
}

func (p *sharedPool) exec(statement string) {
	p.Helper()
	if _, err := p.pool.Exec(statement); err != nil {
		p.Fatal(err)
	}
}

// stored returns what readers see.
func (p *sharedPool) stored() (rows []string) {
	p.Helper()
	if err := p.reader.NewQuery("SELECT x FROM t WHERE x <> 'before' ORDER BY rowid").Column(&rows); err != nil {
		p.Fatal(err)
	}
	return rows
}

// insert begins a transaction and writes a row.
func (p *sharedPool) insert(ctx context.Context, row string) (*sql.Tx, error) {
	tx, err := p.pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec("INSERT INTO t VALUES (?)", row); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// outcome is what has become of a transaction.
type outcome struct {
	row string
	err error
}

// queue has a transaction wait for the writer, and returns where its outcome arrives.
func (p *sharedPool) queue(ctx context.Context, row string, work func(tx *sql.Tx) error) <-chan outcome {
	p.Helper()
	before, ended := p.waiting(), make(chan outcome, 1)
	go func() {
		tx, err := p.insert(ctx, row)
		if err == nil && work != nil {
			err = work(tx)
		}
		if err == nil {
			err = tx.Commit()
		} else if tx != nil {
			err = errors.Join(err, tx.Rollback())
		}
		ended <- outcome{row, err}
	}()
	for p.waiting() == before {
		runtime.Gosched()
	}
	return ended
}

func (p *sharedPool) waiting() int {
	p.shared.mutex.Lock()
	defer p.shared.mutex.Unlock()
	count := 0
	for place := p.shared.callers.Front(); place != nil; place = place.Next() {
		count += place.Value.(*queue).waiting.Len()
	}
	return count
}

func (p *sharedPool) want(rows ...string) {
	p.Helper()
	if stored := p.stored(); !slices.Equal(stored, rows) {
		p.Errorf("stored are %q, not %q", stored, rows)
	}
}

func (p *sharedPool) wantSyncs(count int64) {
	p.Helper()
	if found := walSyncs.count.Swap(0); found != count {
		p.Errorf("the log was written to the disk %d times, not %d", found, count)
	}
}

func creating(t *testing.T) context.Context { return Joining(t.Context(), "") }

// begin begins the transaction that the others wait for.
func (p *sharedPool) begin(ctx context.Context) *sql.Tx {
	p.Helper()
	tx, err := p.insert(ctx, "first")
	if err != nil {
		p.Fatal(err)
	}
	return tx
}
