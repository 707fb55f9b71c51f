package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(mappingsUp, drop(collections.Mappings))
}

func mappingsUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	patients, err := app.FindCollectionByNameOrId(collections.Patients)
	if err != nil {
		return err
	}
	doctors, err := app.FindCollectionByNameOrId(collections.Doctors)
	if err != nil {
		return err
	}
	mappings := core.NewBaseCollection(collections.Mappings)
	mappings.Fields.Add(
		&core.RelationField{
			Name: "patient", CollectionId: patients.Id, MaxSelect: 1, Required: true,
			CascadeDelete: true, Presentable: true, Help: "Who is treated. Cannot be changed: delete the mapping and make another.",
		},
		&core.RelationField{
			Name: "doctor", CollectionId: doctors.Id, MaxSelect: 1, Required: true,
			CascadeDelete: true, Presentable: true, Help: "Who treats. Cannot be changed: delete the mapping and make another.",
		},
		&core.AutodateField{Name: "assigned_at", OnCreate: true},
		ownerField(users, "The owner of the patient. Set by the server."),
		createdField(),
	)
	mappings.AddIndex("idx_mappings_pair", true, "patient, doctor", "")
	mappings.AddIndex("idx_mappings_owner", false, "created_by, created_at", "")
	mappings.AddIndex("idx_mappings_patient", false, "patient, created_at", "")
	mappings.AddIndex("idx_mappings_doctor", false, "doctor", "")
	return save(app, mappings)
}
