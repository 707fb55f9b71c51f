package sqlite

import (
	"context"
	"strconv"
	"time"

	"carebase/internal/deadline"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

const (
	// pagesAtOnce is how many free pages a step of Shrink gives back. Other writers wait
	// for a step.
	pagesAtOnce = 32
	// stepsPerCheckpoint keeps the writer from checkpointing by itself, in between.
	stepsPerCheckpoint = 8
	// shrinkPause is the least time between two steps.
	shrinkPause = 2 * time.Millisecond
)

// incremental is SQLite's setting "auto_vacuum" of a file that can shrink in steps.
const incremental = 2

// Shrink gives the app's free pages back to the file system, in steps that keep other
// writers waiting for milliseconds. It does nothing for a file from before Carebase made
// files that can shrink; Compact makes it one.
func Shrink(ctx context.Context, app core.App) error {
	var mode, left int
	if err := app.NonconcurrentDB().NewQuery("PRAGMA auto_vacuum").WithContext(ctx).Row(&mode); err != nil || mode != incremental {
		return err
	}
	if err := app.NonconcurrentDB().NewQuery("PRAGMA freelist_count").WithContext(ctx).Row(&left); err != nil {
		return err
	}
	for steps := 1; left > 0; steps++ {
		begun, before := time.Now(), left
		rows, err := app.NonconcurrentDB().NewQuery("PRAGMA incremental_vacuum(" + strconv.Itoa(pagesAtOnce) + ")").WithContext(ctx).Rows()
		if err != nil {
			return err
		}
		for rows.Next() { // each is a page
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if err := app.NonconcurrentDB().NewQuery("PRAGMA freelist_count").WithContext(ctx).Row(&left); err != nil || left >= before {
			return err
		}
		if steps%stepsPerCheckpoint == 0 {
			if err := Checkpoint(ctx, app); err != nil {
				return err
			}
		}
		if err := deadline.Sleep(ctx, max(shrinkPause, time.Since(begun))); err != nil { // for others
			return err
		}
	}
	return nil
}

// Compact rewrites a database without its free pages, as a file that can shrink later.
// Nobody can write meanwhile, and it needs as much space again.
func Compact(ctx context.Context, database *dbx.DB) error {
	if _, err := database.NewQuery("PRAGMA auto_vacuum = INCREMENTAL; VACUUM").WithContext(ctx).Execute(); err != nil {
		return err
	}
	var busy, pages, moved int
	return database.NewQuery("PRAGMA wal_checkpoint(TRUNCATE)").WithContext(ctx).Row(&busy, &pages, &moved)
}
