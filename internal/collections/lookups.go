package collections

import "carebase/internal/rest"

// Lookup is a filter of a list besides exact values. Its name is django-filter's: a
// field, and what is compared.
type Lookup struct {
	rest.Field
	// Condition is the condition in SQL over {:value}, which the caller sends, their
	// {:owner}, and {:doctors}, which is who can read a doctor (DOCTORS_SCOPE). That
	// of a boolean filter holds for true. $shown stands before the other conditions of
	// a query of its own, for those that leave out the hidden rows of Tables.
	Condition string
	Tables    []string
}

// patientLookups filter patients by age, time and doctors. An assignment belongs to
// its patient's owner.
var patientLookups = []Lookup{
	{
		Field:     rest.Field{Name: "age__gte", Label: "Age from", Type: rest.Integer, Description: "Only patients of this age or older.", Example: 30},
		Condition: "[[age]] >= {:value}",
	},
	{
		Field:     rest.Field{Name: "age__lte", Label: "Age up to", Type: rest.Integer, Description: "Only patients of this age or younger.", Example: 39},
		Condition: "[[age]] <= {:value}",
	},
	{
		Field:     rest.Field{Name: "created_at__gte", Label: "Added from", Type: rest.DateTime, Description: "Only patients who were added at this time or later, in UTC.", Example: ExampleTime},
		Condition: "[[created_at]] >= {:value}",
	},
	{
		Field:     rest.Field{Name: "created_at__lt", Label: "Added before", Type: rest.DateTime, Description: "Only patients who were added before this time, in UTC.", Example: ExampleTime},
		Condition: "[[created_at]] < {:value}",
	},
	{
		Field:     rest.Field{Name: "doctor", Label: "Doctor", Type: rest.PrimaryKey, Endpoint: "/api/doctors/", Description: "Only patients whom this doctor treats.", Example: 5},
		Condition: "[[id]] IN (SELECT [[patient]] FROM {{mappings}} WHERE $shown [[created_by]] = {:owner} AND [[doctor]] = {:value})",
		Tables:    []string{Mappings},
	},
	{
		Field:     rest.Field{Name: "doctor__isnull", Label: "Without doctor", Type: rest.Boolean, Description: "Only patients whom no doctor treats; with `false`, only those whom one treats.", Example: true},
		Condition: "[[id]] NOT IN (SELECT [[patient]] FROM {{mappings}} WHERE $shown [[created_by]] = {:owner})",
		Tables:    []string{Mappings},
	},
	{
		Field: rest.Field{Name: "doctor__speciality", Label: "Doctor's speciality", Type: rest.String, Description: "Only patients whom a doctor with exactly this speciality treats.", Example: "Nephrology"},
		Condition: "[[id]] IN (SELECT [[mappings.patient]] FROM {{mappings}} INNER JOIN {{doctors}} ON [[doctors.id]] = [[mappings.doctor]] " +
			"WHERE $shown [[mappings.created_by]] = {:owner} AND [[doctors.speciality]] = {:value} AND ({:doctors} = 'global' OR [[doctors.created_by]] = {:owner}))",
		Tables: []string{Mappings, Doctors},
	},
}
