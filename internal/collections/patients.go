package collections

import (
	"math"

	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/rest"
)

// patients are accessible to their owner only.
var patients = &Collection{
	Name:    Patients,
	Owner:   CreatedBy,
	Patient: "id",
	Resource: &Resource{
		Model:       "Patient",
		Noun:        "patient",
		Description: "The caller's own patients.",
		Fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.AutoField, ReadOnly: true, Endpoint: "/api/patients/", Description: "The number of the patient.", Example: ExampleNumber},
			createdBy, createdAt,
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 120, Description: "The patient's name.", Example: "John Doe"},
			{
				Name: "age", Label: "Age", Type: rest.Integer, Required: true,
				MinValue: types.Pointer(int64(0)), MaxValue: types.Pointer(int64(math.MaxInt32)),
				Description: "Age in years, 0 for a newborn.", Example: 34,
			},
			{Name: "notes", Label: "Notes", Type: rest.String, AllowBlank: true, Multiline: true, Description: "Anything else, of any length.", Example: "Diabetic"},
		},
		Search:  []string{"name", "notes"},
		Filters: []string{"age"},
		Lookups: patientLookups,
		Sorted:  []string{"name", "age"},
	},
}

// A number, an id that is none, and a time in the examples of the reference.
const (
	ExampleNumber = 17
	ExampleID     = "k3v9x0q2m7n1p5s"
	ExampleTime   = "2026-01-31T12:00:00.000Z"
)

// createdBy and createdAt declare the fields that every owned record has.
var (
	createdBy = rest.Field{Name: CreatedBy, Label: "Created by", Type: rest.PrimaryKey, ReadOnly: true, Description: "The id of the user who created and owns it.", Example: 3}
	createdAt = rest.Field{Name: CreatedAt, Label: "Created at", Type: rest.DateTime, ReadOnly: true, Description: "When it was created, in UTC.", Example: ExampleTime}
)
