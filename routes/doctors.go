package routes

import (
	"carebase/config"
	"carebase/migrations"
	"carebase/rest"
)

// doctors are everybody's to read, or their owner's, as DOCTORS_SCOPE says.
func doctors(scope config.DoctorsScope) *resource {
	return &resource{
		collection: migrations.Doctors,
		model:      "Doctor",
		fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true},
			{Name: "created_by", Label: "Created by", Type: rest.PrimaryKey, ReadOnly: true},
			{Name: "created_at", Label: "Created at", Type: rest.DateTime, ReadOnly: true},
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 120},
			{Name: "speciality", Label: "Speciality", Type: rest.String, AllowBlank: true, MaxLength: 120},
		},
		searchFields:  []string{"name", "speciality"},
		filterFields:  []string{"speciality"},
		readableByAll: scope == config.DoctorsGlobal,
	}
}
