package search

import (
	"context"
	"sync"
	"time"

	"carebase/internal/deadline"

	"github.com/pocketbase/pocketbase/core"
)

const (
	// lookEvery is how often it is looked whether rows have changed.
	lookEvery = 500 * time.Millisecond
	// inTransaction is how long after its begin a transaction may begin pieces of work: a
	// commit costs as much as a short one, and all other writers wait meanwhile.
	inTransaction = 20 * time.Millisecond
	// transactionTimeout bounds it, mostWait the time that is left to others after it.
	transactionTimeout = 30 * time.Second
	mostWait           = 100 * time.Millisecond
)

// Bind keeps indexes up to date on SQLite while the app serves, whoever changes the rows.
func Bind(app core.App, indexes []Index) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			work(ctx, app, indexes)
		}()
		end := sync.OnceFunc(func() {
			cancel()
			<-ended
		})
		app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
			end()
			return e.Next()
		})
		return e.Next()
	})
}

func work(ctx context.Context, app core.App, indexes []Index) {
	for deadline.Sleep(ctx, lookEvery) == nil {
		for _, index := range indexes {
			if err := index.catchUp(ctx, app); err != nil && ctx.Err() == nil {
				app.Logger().Error("failed to bring a search index up to date", "table", index.Table, "error", err)
			}
		}
	}
}

// catchUp brings the index up to date if it is due. It leaves others as much time to write
// as each transaction takes.
func (i Index) catchUp(ctx context.Context, app core.App) error {
	kept, err := i.isDue(ctx, app.ConcurrentDB())
	for err == nil && kept {
		var begun time.Time
		err = app.RunInTransaction(func(tx core.App) (err error) {
			begun = time.Now() // when it has the writer
			ctx, cancel := context.WithTimeout(ctx, transactionTimeout)
			defer cancel()
			for err == nil && kept && time.Since(begun) < inTransaction {
				kept, err = i.Keep(ctx, tx.DB())
			}
			return err
		})
		if err := deadline.Sleep(ctx, min(time.Since(begun), mostWait)); err != nil {
			return err
		}
	}
	return err
}
