package hooks

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/rest"
)

// bindText trims text fields and rejects null characters at every door, as the
// documented API does: a name is never blank, and PostgreSQL can store whatever
// SQLite can.
func bindText(app core.App) {
	trim := func(e *core.RecordEvent) error {
		if !isGuarded(e.App, e.Record.Collection()) {
			return e.Next()
		}
		for _, name := range textFields(e.Record) {
			if text := e.Record.GetString(name); text != rest.Strip(text) {
				e.Record.Set(name, rest.Strip(text))
			}
		}
		return e.Next()
	}
	app.OnRecordCreate().BindFunc(trim)
	app.OnRecordUpdate().BindFunc(trim)

	app.OnRecordValidate().BindFunc(func(e *core.RecordEvent) error {
		if !isGuarded(e.App, e.Record.Collection()) {
			return e.Next()
		}
		for _, name := range textFields(e.Record) {
			if strings.ContainsRune(e.Record.GetString(name), 0) {
				return refuse(name, "validation_null_characters", "Null characters are not allowed.")
			}
		}
		return e.Next()
	})
}

// textFields returns the names of a record's text fields, without system fields.
func textFields(record *core.Record) []string {
	var names []string
	for _, field := range record.Collection().Fields {
		if field.Type() == core.FieldTypeText && !field.GetSystem() {
			names = append(names, field.GetName())
		}
	}
	return names
}
