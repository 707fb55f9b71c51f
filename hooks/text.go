package hooks

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/rest"
)

// bindText trims texts and refuses null characters at every door, as the
// documented API does, so that a name is never blank and every database can
// hold what another one held.
func bindText(app core.App) {
	trim := func(e *core.RecordEvent) error {
		for _, name := range textFields(e.Record) {
			if text := e.Record.GetString(name); text != rest.Strip(text) {
				e.Record.Set(name, rest.Strip(text))
			}
		}
		return e.Next()
	}
	app.OnRecordCreate(guarded...).BindFunc(trim)
	app.OnRecordUpdate(guarded...).BindFunc(trim)

	app.OnRecordValidate(guarded...).BindFunc(func(e *core.RecordEvent) error {
		for _, name := range textFields(e.Record) {
			if strings.ContainsRune(e.Record.GetString(name), 0) {
				return refuse(name, "validation_null_characters", "Null characters are not allowed.")
			}
		}
		return e.Next()
	})
}

// textFields are the names of the texts that people write.
func textFields(record *core.Record) []string {
	var names []string
	for _, field := range record.Collection().Fields {
		if field.Type() == core.FieldTypeText && !field.GetSystem() {
			names = append(names, field.GetName())
		}
	}
	return names
}
