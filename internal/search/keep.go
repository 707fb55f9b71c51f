package search

import (
	"context"
	"strconv"

	"github.com/pocketbase/dbx"
)

const (
	// mergePages is how many pages a merge writes, about, before it returns.
	mergePages = 8
	// leastChanges is by how many rows SQLite counts a merge that did something.
	leastChanges = 2
)

// Keep does a short piece of what there is to do to bring the index up to date on SQLite,
// and reports whether it did anything. It reads long rows one by one, and merges the
// entries of one token at least, and more where rows are deleted.
func (i Index) Keep(ctx context.Context, tx dbx.Builder) (kept bool, err error) {
	if isDue, err := i.isDue(ctx, tx); err != nil {
		return false, err
	} else if isDue {
		return true, i.execute(ctx, tx, flush(oldest+strconv.Itoa(fewPending-1))...)
	}
	before, err := totalChanges(ctx, tx)
	if err != nil {
		return false, err
	}
	if err := i.execute(ctx, tx, "INSERT INTO $index ($index, rank) VALUES ('merge', "+strconv.Itoa(mergePages)+")"); err != nil {
		return false, err
	}
	after, err := totalChanges(ctx, tx)
	return after-before >= leastChanges, err
}

// isDue reports whether so many rows have changed that they should come into the index.
func (i Index) isDue(ctx context.Context, db dbx.Builder) (isDue bool, err error) {
	err = db.NewQuery(i.replace("SELECT coalesce(max(number) - min(number) >= " + strconv.Itoa(fewPending-1) + ", 0) FROM ${index}_pending")).
		WithContext(ctx).Row(&isDue)
	return isDue, err
}

func (i Index) execute(ctx context.Context, tx dbx.Builder, statements ...string) error {
	for _, statement := range i.replaceAll(statements) {
		if _, err := tx.NewQuery(statement).WithContext(ctx).Execute(); err != nil {
			return err
		}
	}
	return nil
}

func totalChanges(ctx context.Context, tx dbx.Builder) (count int64, err error) {
	err = tx.NewQuery("SELECT total_changes()").WithContext(ctx).Row(&count)
	return count, err
}
