package sqlite

import (
	"context"
	"errors"
	"strconv"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// PauseCheckpoints keeps the app's writer from checkpointing its write-ahead log in
// between, which would keep other writers waiting, until resume is called. Whoever
// writes much meanwhile calls Checkpoint.
func PauseCheckpoints(ctx context.Context, app core.App) (resume func() error, err error) {
	var pages int
	if err := app.NonconcurrentDB().NewQuery("PRAGMA wal_autocheckpoint").WithContext(ctx).Row(&pages); err != nil {
		return nil, err
	}
	set := func(pages int) error {
		var now int
		return app.NonconcurrentDB().NewQuery("PRAGMA wal_autocheckpoint = " + strconv.Itoa(pages)).Row(&now)
	}
	return func() error { return set(pages) }, set(0)
}

// longLog is how many pages the write-ahead log has before Checkpoint makes it begin anew.
const longLog = 4096

// Checkpoint moves what it can from the write-ahead log to the database, without waiting
// for anybody. The log begins anew only once all of it is moved, and grows as long as
// others write meanwhile: where it is long, nobody does while the last pages are moved.
func Checkpoint(ctx context.Context, app core.App) error {
	pages, err := checkpoint(ctx, app.ConcurrentDB())
	if err == nil && pages >= longLog {
		_, err = checkpoint(ctx, app.NonconcurrentDB())
	}
	return err
}

// checkpoint returns how many pages the log has.
func checkpoint(ctx context.Context, database dbx.Builder) (pages int, err error) {
	var busy, moved int
	err = database.NewQuery("PRAGMA wal_checkpoint(PASSIVE)").WithContext(ctx).Row(&busy, &pages, &moved)
	return pages, err
}

// Truncate moves all of the write-ahead log to the database and empties it, and waits for
// readers until the connection's busy timeout ends.
func Truncate(ctx context.Context, app core.App) error {
	var busy, pages, moved int
	err := app.NonconcurrentDB().NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").WithContext(ctx).Row(&busy, &pages, &moved)
	if err == nil && busy != 0 {
		err = errors.New("the write-ahead log is in use")
	}
	return err
}
