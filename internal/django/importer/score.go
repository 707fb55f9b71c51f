package importer

import (
	"regexp"
	"slices"
	"strings"

	"carebase/internal/django/source"
)

// links counts the tables with a foreign key to table, named like own, and one to
// another table, named like other.
func (f *finder) links(table *source.Table, own, other *regexp.Regexp) int {
	count := 0
	for i := range f.tables {
		isOwn, hasOther := false, false
		for _, column := range f.tables[i].Columns {
			isOwn = isOwn || column.References == table.Name && own.MatchString(column.Name) && !other.MatchString(column.Name)
			hasOther = hasOther || column.References != "" && column.References != table.Name && other.MatchString(column.Name)
		}
		if isOwn && hasOther {
			count++
		}
	}
	return count
}

func (f *finder) patientScore(table *source.Table) int {
	return f.personScore(table, patientPattern, doctorPattern, func(name string) bool { return name == "age" || birthPattern.MatchString(name) })
}

func (f *finder) doctorScore(table *source.Table) int {
	return f.personScore(table, doctorPattern, patientPattern, func(name string) bool { return slices.Contains(specialityNames, name) })
}

// personScore rates how likely a table holds people of one kind: they have a name, an
// owner, a typical column, and are referenced by a table that links two kinds.
func (f *finder) personScore(table *source.Table, own, other *regexp.Regexp, typical func(column string) bool) int {
	points := 0
	if f.links(table, own, other) > 0 {
		points += 4
	}
	named, special := false, false
	for _, column := range table.Columns {
		name := strings.ToLower(column.Name)
		named = named || isNameColumn(name)
		special = special || typical(name)
		if column.References != "" && other.MatchString(column.Field()) && column.Field() == modelName(column.References) {
			points -= 2 // probably links two kinds
		}
	}
	if table.Column("password") != nil || !named {
		return 0
	}
	if special {
		points += 2
	}
	model := modelName(table.Name)
	if own.MatchString(model) && !other.MatchString(model) {
		points += 2
		if loc := own.FindStringIndex(model); loc[0] == 0 && loc[1] == len(model) {
			points += 2
		}
	}
	const enough = 4
	if points < enough {
		return 0
	}
	return points
}

func isNameColumn(name string) bool {
	return slices.Contains([]string{"name", "full_name", "first_name", "patient_name", "doctor_name"}, name)
}

// userScore rates how likely a table is AUTH_USER_MODEL's.
func (f *finder) userScore(table *source.Table) int {
	if table.Column("password") == nil || table.Column("email") == nil && table.Column("username") == nil {
		return 0
	}
	points := 0
	for _, name := range []string{"last_login", "email", "is_active", "is_superuser"} {
		if table.Column(name) != nil {
			points++
		}
	}
	if points < 2 {
		return 0
	}
	for i := range f.tables {
		other := &f.tables[i]
		for _, column := range other.Columns {
			if column.References != table.Name {
				continue
			}
			if other == f.found.patients || other == f.found.doctors || strings.HasSuffix(other.Name, "django_admin_log") {
				points += 3
			}
		}
	}
	return points
}

// mappingScore rates how likely a table only assigns doctors to patients.
func (f *finder) mappingScore(table *source.Table) int {
	if f.found.patients == nil || f.found.doctors == nil {
		return 0
	}
	if reference(table, f.found.patients, patientPattern) == nil || reference(table, f.found.doctors, doctorPattern) == nil {
		return 0
	}
	const usual = 6
	points := usual
	if name := modelName(table.Name); mappingPattern.MatchString(table.Name) || patientPattern.MatchString(name) && doctorPattern.MatchString(name) {
		points += usual
	}
	for _, column := range table.Columns {
		name := strings.ToLower(column.Name)
		switch {
		case strings.Contains(name, "assigned"):
			points += 2
		case column.Name == table.Key, column.References != "", strings.HasPrefix(name, "created"), strings.HasPrefix(name, "updated"):
		default:
			points--
		}
	}
	return max(points, 0)
}

// reference returns the column that references a table: the only one, or the one whose
// name matches the pattern.
func reference(table, to *source.Table, pattern *regexp.Regexp) *source.Column {
	var found *source.Column
	for i := range table.Columns {
		column := &table.Columns[i]
		if column.References != to.Name {
			continue
		}
		if found == nil || pattern.MatchString(column.Name) && !pattern.MatchString(found.Name) {
			found = column
		}
	}
	return found
}
