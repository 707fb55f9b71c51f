package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/migrations"
)

// immutableFields are what a record keeps for life, whoever writes it.
var immutableFields = map[string][]string{
	migrations.Patients: {"created_by"},
	migrations.Doctors:  {"created_by"},
	migrations.Mappings: {"created_by", "patient", "doctor"},
}

// bindOwnership stamps the owner on what a user creates, whatever the request
// says, and refuses any later change of it. A superuser, who owns nothing,
// names the owner.
func bindOwnership(app core.App) {
	app.OnRecordCreateRequest(migrations.Patients, migrations.Doctors).BindFunc(func(e *core.RecordRequestEvent) error {
		if e.Auth != nil && !e.HasSuperuserAuth() {
			e.Record.Set("created_by", e.Auth.Id)
		}
		return e.Next()
	})
	for collection, fields := range immutableFields {
		app.OnRecordUpdate(collection).BindFunc(func(e *core.RecordEvent) error {
			for _, name := range fields {
				if e.Record.GetString(name) != e.Record.Original().GetString(name) {
					return refuse(name, "validation_immutable", "This field cannot be changed.")
				}
			}
			return e.Next()
		})
	}
}
