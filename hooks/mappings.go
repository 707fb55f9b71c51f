package hooks

import (
	"database/sql"
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/migrations"
)

// bindMappings makes a mapping its patient's owner's, at every door. The
// patient and the doctor are read in the transaction that writes the mapping,
// so that neither can be deleted in between.
func bindMappings(app core.App, scope config.DoctorsScope) {
	app.OnRecordCreate(migrations.Mappings).BindFunc(func(e *core.RecordEvent) error {
		outer := e.App
		defer func() { e.App = outer }()
		return outer.RunInTransaction(func(txApp core.App) error {
			e.App = txApp
			patient, err := related(txApp, e.Record, "patient", migrations.Patients)
			if err != nil {
				return err
			}
			doctor, err := related(txApp, e.Record, "doctor", migrations.Doctors)
			if err != nil {
				return err
			}
			owner := patient.GetString("created_by")
			if scope == config.DoctorsOwner && doctor.GetString("created_by") != owner {
				return missingRelation("doctor")
			}
			e.Record.Set("created_by", owner)
			return e.Next()
		})
	})
}

func related(app core.App, mapping *core.Record, field, collection string) (*core.Record, error) {
	record, err := app.FindRecordById(collection, mapping.GetString(field))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missingRelation(field)
	}
	return record, err
}

func missingRelation(field string) error {
	return refuse(field, "validation_missing_rel_records", "There is no such record.")
}
