package search

import (
	"context"
	"strconv"

	"github.com/pocketbase/dbx"
)

const (
	// mergePages is how many pages Merge writes, about, before it returns.
	mergePages = 8
	// autoMerge is FTS5's default: how many parts of a size it merges when rows change.
	autoMerge = 4
	// leastChanges is by how many rows SQLite counts a merge that did something.
	leastChanges = 2
)

// HoldMerges keeps SQLite from merging parts of the index, until ReleaseMerges. Where
// many rows are deleted, a single deletion takes hundreds of milliseconds with it.
// Whoever holds merges calls Merge instead, and ReleaseMerges in the same transaction.
func (i Index) HoldMerges(ctx context.Context, tx dbx.Builder) error {
	return i.command(ctx, tx, "automerge", 0)
}

// ReleaseMerges lets SQLite merge again. What was changed before is in the index then.
func (i Index) ReleaseMerges(ctx context.Context, tx dbx.Builder) error {
	return i.command(ctx, tx, "automerge", autoMerge)
}

// Merge does a short piece of what merging there is to do, and reports whether there
// was any. It reads the entries of one token at least, and more where rows are deleted.
func (i Index) Merge(ctx context.Context, tx dbx.Builder) (merged bool, err error) {
	before, err := totalChanges(ctx, tx)
	if err != nil {
		return false, err
	}
	if err := i.command(ctx, tx, "merge", mergePages); err != nil {
		return false, err
	}
	after, err := totalChanges(ctx, tx)
	return after-before >= leastChanges, err
}

// command has FTS5 do something, or sets how it works.
func (i Index) command(ctx context.Context, tx dbx.Builder, name string, value int) error {
	_, err := tx.NewQuery(i.replace("INSERT INTO $index ($index, rank) VALUES ('" + name + "', " + strconv.Itoa(value) + ")")).WithContext(ctx).Execute()
	return err
}

func totalChanges(ctx context.Context, tx dbx.Builder) (count int64, err error) {
	err = tx.NewQuery("SELECT total_changes()").WithContext(ctx).Row(&count)
	return count, err
}
