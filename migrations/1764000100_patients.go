package migrations

import (
	"math"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(patientsUp, drop(collections.Patients))
}

func patientsUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	patients := core.NewBaseCollection(collections.Patients)
	patients.Fields.Add(
		&core.TextField{Name: "name", Required: true, Min: 1, Max: 120, Presentable: true, Help: "The patient's full name."},
		// Not required: to PocketBase that would mean "not zero", and 0 is a newborn.
		&core.NumberField{Name: "age", OnlyInt: true, Min: pointer(0), Max: pointer(math.MaxInt32), Help: "In completed years; 0 is a newborn."},
		&core.TextField{Name: "notes", Max: 64 << 20, Help: "Free clinical notes. Only the owner can read them."},
		ownerField(users, "The user whose patient this is. Set once; only this user can see the patient."),
		createdField(),
	)
	// The owner's rows, newest first, without sorting or reading others'.
	patients.AddIndex("idx_patients_owner", false, "created_by, created_at", "")
	return save(app, patients)
}
