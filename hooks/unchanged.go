package hooks

import (
	"reflect"
	"slices"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/changes"
	"carebase/internal/collections"
	"carebase/internal/sqlite"
)

// bindUnchanged keeps saves that change nothing of a patient from the database, whose
// triggers would note them as the patient's last change.
func bindUnchanged(app core.App) {
	app.OnRecordUpdateExecute(collections.Patients).Bind(&hook.Handler[*core.RecordEvent]{
		Priority: 1000, // when fields such as autodate have set their values
		Func: func(e *core.RecordEvent) error {
			if isSame(e.Record, e.Record.Original()) {
				return nil
			}
			return e.Next()
		},
	})
}

// bindUnchangedIDs keeps SQLite from writing the id of a record, which never changes, into
// every index that has it. What is noted of a patient's last change depends on it, unless
// a documented field has changed.
func bindUnchangedIDs(app core.App) {
	app.OnRecordUpdateExecute().Bind(&hook.Handler[*core.RecordEvent]{
		Priority: 1001, // after bindUnchanged
		Func: func(e *core.RecordEvent) error {
			if e.Record.Collection().Name != collections.Patients || slices.ContainsFunc(changes.Columns, func(column string) bool {
				return !reflect.DeepEqual(e.Record.GetRaw(column), e.Record.Original().GetRaw(column))
			}) {
				e.Context = sqlite.LeavingID(e.Context)
			}
			return e.Next()
		},
	})
}

// isSame reports whether two versions of a record have the same values.
func isSame(one, other *core.Record) bool {
	for _, field := range one.Collection().Fields {
		if !reflect.DeepEqual(one.GetRaw(field.GetName()), other.GetRaw(field.GetName())) {
			return false
		}
	}
	return true
}
