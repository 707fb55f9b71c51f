package deletion

import (
	"context"
	"errors"

	"github.com/pocketbase/pocketbase/core"
)

// look is what a request has found out about a record before its transaction.
type look struct {
	undecided bool
	refusal   *requiredError
}

func keyOf(record *core.Record) string { return record.Collection().Id + "/" + record.Id }

// Looks reports whether to call Look before the transaction that deletes one of a
// collection's records: others may require what goes with it, and PocketBase's own
// transactions would have everybody who writes wait for the answer.
func Looks(app core.App, collection *core.Collection) bool {
	d, bound := app.Store().Get(storeKey).(*Deletions)
	if !bound || d.postgreSQL || app.IsTransactional() {
		return false
	}
	blocks, err := canBlock(app, collection)
	return err == nil && blocks // the deletion itself tells of an error
}

// Look looks whether others require what would go with a record that the caller may delete.
// A deletion before the caller calls end looks only for a moment again.
func Look(ctx context.Context, app core.App, record *core.Record) (end func(), err error) {
	d := app.Store().Get(storeKey).(*Deletions)
	end = func() {}
	all, err := belongingTo(app, record.Collection())
	if err != nil {
		return end, err
	}
	many, err := d.isMuch(ctx, app, record, all)
	if err != nil || !many {
		return end, err
	}
	undecided, err := tree{record, all}.refuse(ctx, app)
	var refusal *requiredError
	if err != nil && !errors.As(err, &refusal) {
		return end, err
	}
	d.looks.Store(keyOf(record), look{undecided, refusal})
	return func() { d.looks.Delete(keyOf(record)) }, nil
}

// decide returns whether PocketBase has to decide on a deletion, and whether that is known
// from before the transaction.
func (d *Deletions) decide(ctx context.Context, app core.App, tree tree) (undecided, before bool, err error) {
	found, before := d.looks.Load(keyOf(tree.root))
	if !before {
		undecided, err = tree.refuse(ctx, app)
		return undecided, false, err
	}
	look := found.(look)
	if look.refusal != nil {
		return false, true, look.refusal
	}
	return look.undecided, true, nil
}
