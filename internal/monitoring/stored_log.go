package monitoring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/pocketbase/pocketbase/tools/types"
)

const (
	// maxStoredWaiting is how many rows wait at most; more are dropped.
	maxStoredWaiting = 20_000
	// storedInterval is the time between two transactions.
	storedInterval = time.Second
	// storedAtOnce is the number of rows of one statement. On PostgreSQL it is a round trip.
	storedAtOnce = 16
)

// storedLog writes PocketBase's request log, which the dashboard shows, many rows at
// a time. When the database falls behind, it drops rows and says how many.
type storedLog struct {
	app core.App
	// insert is how a statement of many rows begins.
	insert string

	mutex       sync.Mutex
	waiting     []storedRow
	dropped     int
	quit, ended chan struct{} // nil while it is not running
}

// storedRow is a row of PocketBase's table of logs.
type storedRow struct {
	at            time.Time
	level         int
	message, data string
}

// bind runs the log while the app serves.
func (l *storedLog) bind(app core.App, onPostgreSQL bool) {
	// SQLite keeps a journal to undo a statement of many rows, unless the statement says that
	// the rows before one that fails stay: the transaction ends with the failure.
	l.app, l.insert = app, "INSERT OR FAIL INTO"
	if onPostgreSQL {
		l.insert = "INSERT INTO"
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		l.start()
		return e.Next()
	})
	// Like PocketBase's own log, before the databases are closed.
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Priority: -999, Func: func(e *core.TerminateEvent) error {
		l.stop()
		return e.Next()
	}})
}

// add queues a row.
func (l *storedLog) add(row storedRow) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.waiting) >= maxStoredWaiting {
		l.dropped++
		return
	}
	l.waiting = append(l.waiting, row)
}

func (l *storedLog) start() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.quit == nil {
		l.quit, l.ended = make(chan struct{}), make(chan struct{})
		go l.run(l.quit, l.ended)
	}
}

// stop stores what waits and returns when it is stored.
func (l *storedLog) stop() {
	l.mutex.Lock()
	quit, ended := l.quit, l.ended
	l.quit = nil
	l.mutex.Unlock()
	if quit != nil {
		close(quit)
		<-ended
	}
}

func (l *storedLog) run(quit, ended chan struct{}) {
	defer close(ended)
	tick := time.NewTicker(storedInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.storeWaiting()
		case <-quit:
			l.storeWaiting()
			return
		}
	}
}

// storeWaiting stores what waits, or drops it if the database does not take it.
func (l *storedLog) storeWaiting() {
	l.mutex.Lock()
	rows, dropped := l.waiting, l.dropped
	l.waiting, l.dropped = make([]storedRow, 0, min(len(rows), maxStoredWaiting/8)), 0
	l.mutex.Unlock()
	if len(rows) > 0 {
		if err := l.store(rows); err != nil {
			dropped += len(rows)
			l.app.Logger().Warn("failed to store the request log", "error", err)
		}
	}
	if dropped > 0 {
		l.app.Logger().Warn(fmt.Sprintf("dropped %d rows of the request log", dropped), "rows", dropped)
	}
}

// store inserts rows in one transaction.
func (l *storedLog) store(rows []storedRow) (err error) {
	pool, ok := l.app.AuxNonconcurrentDB().(*dbx.DB)
	if !ok {
		return fmt.Errorf("PocketBase's database of logs is an unknown %T", l.app.AuxNonconcurrentDB())
	}
	ctx := context.Background()
	tx, err := pool.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, size := range []int{storedAtOnce, 1} {
		whole := len(rows) / size * size
		if err := insertStored(ctx, tx, l.insert, rows[:whole], size); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		rows = rows[whole:]
	}
	return tx.Commit()
}

// insertStored inserts rows, size per statement.
func insertStored(ctx context.Context, tx *sql.Tx, insert string, rows []storedRow, size int) error {
	statement := insert + " `_logs` (`id`, `level`, `message`, `data`, `created`) VALUES (?, ?, ?, ?, ?)" + strings.Repeat(", (?, ?, ?, ?, ?)", size-1)
	const columns = 5
	values := make([]any, 0, columns*size)
	for chunk := range slices.Chunk(rows, size) {
		values = values[:0]
		for _, row := range chunk {
			values = append(values, storedID(row.at), row.level, row.message, row.data, row.at.UTC().Format(types.DefaultDateLayout))
		}
		if _, err := tx.ExecContext(ctx, statement, values...); err != nil {
			return err
		}
	}
	return nil
}

// storedID returns an id as long as PocketBase's that sorts by time, so that the rows
// of a transaction are next to each other in the index.
func storedID(at time.Time) string {
	id := strconv.FormatInt(at.UnixMilli(), 36)
	return id + security.PseudorandomStringWithAlphabet(max(1, core.DefaultIdLength-len(id)), core.DefaultIdAlphabet)
}
