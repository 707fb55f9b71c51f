package routes

import (
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/migrations"
)

// doctors are everybody's to read, or their owner's, as DOCTORS_SCOPE says.
func doctors(scope config.DoctorsScope) *resource {
	return &resource{
		collection: migrations.Doctors,
		model:      "Doctor",
		noun:       "doctor",
		fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true, Endpoint: "/api/doctors/", Description: "The server's name for the doctor.", Example: exampleID},
			createdBy, createdAt,
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 120, Description: "The doctor's name.", Example: "Gregory House"},
			{Name: "speciality", Label: "Speciality", Type: rest.String, AllowBlank: true, MaxLength: 120, Description: "What the doctor is a specialist of.", Example: "Nephrology"},
		},
		searchFields:  []string{"name", "speciality"},
		filterFields:  []string{"speciality"},
		readableByAll: scope == config.DoctorsGlobal,
	}
}
