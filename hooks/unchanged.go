package hooks

import (
	"reflect"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
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

// isSame reports whether two versions of a record have the same values.
func isSame(one, other *core.Record) bool {
	for _, field := range one.Collection().Fields {
		if !reflect.DeepEqual(one.GetRaw(field.GetName()), other.GetRaw(field.GetName())) {
			return false
		}
	}
	return true
}
