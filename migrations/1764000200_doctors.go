package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(doctorsUp, drop(collections.Doctors))
}

func doctorsUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	doctors := core.NewBaseCollection(collections.Doctors)
	doctors.Fields.Add(
		&core.TextField{Name: "name", Required: true, Min: 1, Max: 120, Presentable: true, Help: "The doctor's full name."},
		&core.TextField{Name: "speciality", Max: 120, Presentable: true, Help: "Such as Cardiology. May be empty."},
		ownerField(users, "The user who added this doctor. Set once; only this user can change the doctor."),
		createdField(),
	)
	doctors.AddIndex("idx_doctors_owner", false, "created_by, created_at", "")
	// All doctors, newest first, where the scope is global.
	doctors.AddIndex("idx_doctors_created", false, "created_at", "")
	return save(app, doctors)
}
