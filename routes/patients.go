package routes

import (
	"math"

	"carebase/internal/rest"
	"carebase/migrations"
)

// patients are their owner's alone.
func patients() *resource {
	lowest, highest := int64(0), int64(math.MaxInt32)
	return &resource{
		collection: migrations.Patients,
		model:      "Patient",
		noun:       "patient",
		fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true, Endpoint: "/api/patients/", Description: "The server's name for the patient.", Example: exampleID},
			createdBy, createdAt,
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 120, Description: "The patient's name.", Example: "John Doe"},
			{Name: "age", Label: "Age", Type: rest.Integer, Required: true, MinValue: &lowest, MaxValue: &highest, Description: "Age in years, 0 for a newborn.", Example: 34},
			{Name: "notes", Label: "Notes", Type: rest.String, AllowBlank: true, Multiline: true, Description: "Anything else, of any length.", Example: "Diabetic"},
		},
		searchFields: []string{"name", "notes"},
		filterFields: []string{"age"},
	}
}
