package collections

import "carebase/internal/rest"

// mappings assign doctors to patients. A mapping belongs to its patient's
// owner; it is created and deleted, never changed.
var mappings = &Collection{
	Name:      Mappings,
	Owner:     CreatedBy,
	Immutable: []string{"patient", "doctor"},
	Relations: []Relation{
		{Field: "patient", Target: Patients, GivesOwner: true},
		{Field: "doctor", Target: Doctors},
	},
	Patient: "patient",
	Resource: &Resource{
		Model:       "PatientDoctor",
		Noun:        "mapping",
		Description: "Which doctors treat the caller's patients.",
		Fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.AutoField, ReadOnly: true, Endpoint: "/api/mappings/detail/", Description: "The number of the mapping.", Example: ExampleNumber},
			{Name: "patient", Label: "Patient", Type: rest.PrimaryKey, Required: true, Endpoint: "/api/patients/", Description: "The id of one of the caller's patients.", Example: ExampleNumber},
			{Name: "doctor", Label: "Doctor", Type: rest.PrimaryKey, Required: true, Endpoint: "/api/doctors/", Description: "The id of a doctor whom the caller can see.", Example: 5},
			{Name: "assigned_at", Label: "Assigned at", Type: rest.DateTime, ReadOnly: true, Description: "When the doctor was assigned, in UTC.", Example: ExampleTime},
		},
		Filters: []string{"patient", "doctor"},
		Sorted:  []string{"assigned_at"},
	},
}
