package routes

import (
	"math"

	"carebase/migrations"
	"carebase/rest"
)

// patients are their owner's alone.
func patients() *resource {
	lowest, highest := int64(0), int64(math.MaxInt32)
	return &resource{
		collection: migrations.Patients,
		model:      "Patient",
		fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true},
			{Name: "created_by", Label: "Created by", Type: rest.PrimaryKey, ReadOnly: true},
			{Name: "created_at", Label: "Created at", Type: rest.DateTime, ReadOnly: true},
			{Name: "name", Label: "Name", Type: rest.String, Required: true, MaxLength: 120},
			{Name: "age", Label: "Age", Type: rest.Integer, Required: true, MinValue: &lowest, MaxValue: &highest},
			{Name: "notes", Label: "Notes", Type: rest.String, AllowBlank: true},
		},
		searchFields: []string{"name", "notes"},
		filterFields: []string{"age"},
	}
}
