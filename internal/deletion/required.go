package deletion

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// lookAgainFor bounds looking again for records that keep another one, while everybody
// else who writes waits.
const lookAgainFor = 50 * time.Millisecond

// tree is a record with all that belongs to it.
type tree struct {
	root *core.Record
	all  []belonging
}

// requiredError refuses to delete a record that those of a collection require.
type requiredError struct{ collection string }

// Error implements error in PocketBase's words.
func (e *requiredError) Error() string {
	return "the record cannot be deleted because it is part of a required reference in the collection " + e.collection
}

// refuse refuses to delete a record if others require something that would go. It is
// undecided where that depends on what PocketBase deletes first.
func (t tree) refuse(ctx context.Context, app core.App) (undecided bool, err error) {
	for _, each := range t.all {
		where := each.where
		switch {
		case each.unfollowed:
			blocks, err := canBlock(app, each.from)
			if err != nil {
				return false, err
			}
			if !blocks {
				continue
			}
		case !each.blocks():
			continue
		case each.field.IsMultiple():
			where += " AND NOT " + each.refersTo("NOT IN ("+t.removed(each.field.CollectionId)+")")
		}
		each.where = where
		count, err := each.count(ctx, app, t.root.Id, 1)
		switch {
		case err != nil:
			return false, err
		case count == 0:
		case each.unfollowed || t.removed(each.from.Id) != "":
			undecided = true
		default:
			return false, &requiredError{each.from.Name}
		}
	}
	return undecided, nil
}

// removed returns the ids of a collection's records that would go; empty if none can.
func (t tree) removed(collection string) string {
	var queries []string
	if collection == t.root.Collection().Id {
		queries = append(queries, "SELECT {:root}")
	}
	for _, each := range t.all {
		if each.removes() && each.from.Id == collection {
			queries = append(queries, "SELECT [["+each.from.Name+".id]] FROM {{"+each.from.Name+"}} WHERE "+each.where)
		}
	}
	return strings.Join(queries, " UNION ")
}

// canBlock reports whether records that go with a collection's may be required.
func canBlock(app core.App, collection *core.Collection) (bool, error) {
	blocks := false
	err := follow(app, collection, func(reference reference) { blocks = blocks || reference.blocks() })
	return blocks, err
}

// refuseAgain refuses what others have come to require since it was looked at, as far as
// there is time.
func (t tree) refuseAgain(ctx context.Context, app core.App) error {
	bounded, cancel := context.WithTimeout(ctx, lookAgainFor)
	defer cancel()
	_, err := t.refuse(bounded, app)
	if bounded.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// count counts the records up to a limit, beside those who write.
func (b belonging) count(ctx context.Context, app core.App, root string, limit int64) (count int64, err error) {
	err = app.ConcurrentDB().NewQuery(fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM {{%s}} WHERE %s LIMIT %d) AS found", b.from.Name, b.where, limit)).
		Bind(dbx.Params{"root": root}).WithContext(ctx).Row(&count)
	return count, err
}
