package collections

import "carebase/internal/rest"

// doctors are readable by every user or by their owner only, depending on
// DOCTORS_SCOPE.
var doctors = &Collection{
	Name:   Doctors,
	Owner:  CreatedBy,
	Shared: true,
	Resource: &Resource{
		Model:       "Doctor",
		Noun:        "doctor",
		Description: "Doctors, changed by whoever created them.",
		Fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.AutoField, ReadOnly: true, Endpoint: "/api/doctors/", Description: "The number of the doctor.", Example: ExampleNumber},
			createdBy, createdAt,
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 120, Description: "The doctor's name.", Example: "Gregory House"},
			{Name: "speciality", Label: "Speciality", Type: rest.String, AllowBlank: true, MaxLength: 120, Description: "What the doctor is a specialist of.", Example: "Nephrology"},
		},
		Search:  []string{"name", "speciality"},
		Filters: []string{"speciality"},
		Sorted:  []string{"name", "speciality"},
	},
}
