package hooks

import (
	"slices"
	"strconv"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/sequence"
)

// bindNumbers gives new records numbers as ids, whichever door they come through.
// Superusers may choose an id that is free; later ones are higher.
func bindNumbers(app core.App, sequences sequence.Sequences) {
	app.OnRecordCreate().Bind(&hook.Handler[*core.RecordEvent]{
		Priority: beforePocketBase, // which would generate an id of its own
		Func: func(e *core.RecordEvent) error {
			if !isNumbered(e.App, e.Record.Collection()) {
				return e.Next()
			}
			if !sequences.InTransaction {
				return number(e, sequences)
			}
			return audit.InTransaction(&e.App, func() error { return number(e, sequences) })
		},
	})
}

// isNumbered reports whether the new records of a collection get numbers: those of the
// program's collections, and of the operators' that the API serves, unless they are
// older than that.
func isNumbered(app core.App, collection *core.Collection) bool {
	return slices.Contains(guarded, collection.Name) || collections.HasNumbers(collection) && collections.NowOrNil(app, collection.Name) != nil
}

func number(e *core.RecordEvent, sequences sequence.Sequences) error {
	name := e.Record.Collection().Name
	if e.Record.Id != "" {
		if err := raise(e, sequences, name); err != nil {
			return err
		}
		return e.Next()
	}
	next, err := sequences.Next(e.Context, e.App, name)
	if err != nil {
		return err
	}
	e.Record.Id = strconv.FormatInt(next, 10)
	if err := e.Next(); err != nil {
		e.Record.Id = "" // to be numbered anew if it is saved again
		return err
	}
	return nil
}

func raise(e *core.RecordEvent, sequences sequence.Sequences, name string) error {
	chosen, isNumber := rest.ParseID(e.Record.Id)
	switch {
	case isNumber:
		return sequences.Raise(e.Context, e.App, name, chosen)
	case !rest.IsGeneratedID(e.Record.Id):
		return refuse(core.FieldNameId, "validation_invalid_id", "The id must be a number from 1 to 9223372036854775807, without leading zeros.")
	}
	return nil
}
