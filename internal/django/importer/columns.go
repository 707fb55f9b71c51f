package importer

import (
	"regexp"
	"slices"
	"strings"

	"carebase/internal/collections"
	"carebase/internal/django/source"
)

// kind is one kind of imported rows: users, patients, doctors, mappings, or tokens.
type kind struct {
	// collection is the destination of the rows; name is used in the output.
	collection string
	table      *source.Table
	// read lists the source's columns in the order of a row's values.
	read []string
	// extras are the columns without a field in Carebase.
	extras []*extra
	// owner is the owner's column, or nil.
	owner *source.Column
	// left lists the columns that are not imported, with the reason.
	left []string
	// notes list values that come from a column of another name.
	notes []string
	// unreadable is set if the rows cannot be imported; that problem is reported already.
	unreadable bool
	rows       int64
	sum        checksum
}

// extra is a source column that is imported as an additional field.
type extra struct {
	column source.Column
	// name is the field's name; column is the source's column.
	name    string
	profile extraProfile
}

// ownFields are the names of the fields that each collection has anyway, in lower
// case.
var ownFields = map[string][]string{
	collections.Users:    {"id", "password", "tokenkey", "email", "emailvisibility", "verified", "name", "created", "updated", "inactive", "django_password"},
	collections.Patients: {"id", "name", "age", "notes", "created_by", "created_at"},
	collections.Doctors:  {"id", "name", "speciality", "created_by", "created_at"},
	collections.Mappings: {"id", "patient", "doctor", "created_by", "created_at", "assigned_at"},
}

// reservedFields are names that PocketBase does not accept for a field.
var reservedFields = []string{
	"null", "true", "false", "_rowid_", "collectionid", "collectionname", "expand", "passwordconfirm", "oldpassword",
}

var fieldPattern = regexp.MustCompile(`^[A-Za-z0-9_]{1,100}$`)

// Names that Django projects commonly use for the same column, most common first.
var (
	createdNames  = []string{"created_at", "date_joined", "created", "created_on", "date_created", "created_date", "registered_at", "joined_at", "date_added", "added_at"}
	assignedNames = []string{"assigned_at", "assigned_on", "assigned_date", "date_assigned", "assigned"}
	fullNames     = []string{"name", "full_name", "fullname"}
)

// isMoment reports whether a column can hold a time.
func isMoment(column *source.Column) bool {
	return column.Kind == source.DateTime || column.Kind == source.Date || column.Kind == source.Text
}

// first returns the table's column for the first matching name, or nil.
func first(table *source.Table, names []string, accept func(*source.Column) bool) *source.Column {
	for _, name := range names {
		if column := table.Column(name); column != nil && (accept == nil || accept(column)) {
			return column
		}
	}
	return nil
}

// columnReader selects the columns to read and assigns them positions in a row.
type columnReader struct {
	kind *kind
	used map[string]bool
}

func newReader(kind *kind) *columnReader {
	reader := &columnReader{kind: kind, used: map[string]bool{}}
	reader.take(kind.table.Column(kind.table.Key))
	return reader
}

// take reads a column that does not become an extra field. It returns the column's
// position, or -1 if there is none.
func (r *columnReader) take(column *source.Column) int {
	if column == nil {
		return -1
	}
	r.used[column.Name] = true
	return r.peek(column)
}

// peek reads a column that also becomes an extra field.
func (r *columnReader) peek(column *source.Column) int {
	if column == nil {
		return -1
	}
	if i := slices.Index(r.kind.read, column.Name); i >= 0 {
		return i
	}
	r.kind.read = append(r.kind.read, column.Name)
	return len(r.kind.read) - 1
}

// nameParts returns the positions of the columns that make up a person's name.
func (r *columnReader) nameParts(prefix string) []int {
	if column := first(r.kind.table, append(slices.Clone(fullNames), prefix+"_name"), isText); column != nil {
		if column.Name != "name" {
			r.note("name", column.Name)
			return []int{r.peek(column)}
		}
		return []int{r.take(column)}
	}
	var parts []int
	var names []string
	for _, name := range []string{"first_name", "middle_name", "last_name"} {
		if column := r.kind.table.Column(name); column != nil && isText(column) {
			parts, names = append(parts, r.peek(column)), append(names, column.Name)
		}
	}
	if names != nil {
		r.note("name", strings.Join(names, " and "))
	}
	return parts
}

func isText(column *source.Column) bool {
	return column.Kind != source.List && column.Kind != source.JSON && column.Kind != source.Binary
}

// note records that a field comes from a differently named column.
func (r *columnReader) note(field, column string) {
	r.kind.notes = append(r.kind.notes, field+" comes from "+column)
}

// takeExtras makes extra fields of all unused columns.
func (r *columnReader) takeExtras(onlyDocumented bool) {
	var names []string
	for _, column := range r.kind.table.Columns {
		if r.used[column.Name] {
			continue
		}
		field := column.Field()
		reason := ""
		switch lower := strings.ToLower(field); {
		case onlyDocumented:
			reason = "--only-documented"
		case column.Kind == source.Binary:
			reason = "binary data"
		case column.Kind == source.List:
			reason = "a many-to-many relation"
		case slices.Contains(ownFields[r.kind.collection], lower), slices.Contains(names, lower):
			reason = "there is another field of that name"
		case slices.Contains(reservedFields, lower), !fieldPattern.MatchString(field), strings.Contains(lower, "_via_"):
			reason = "the name cannot be a field's"
		}
		if reason != "" {
			r.kind.left = append(r.kind.left, r.kind.table.Name+"."+column.Name+": "+reason)
			continue
		}
		names = append(names, strings.ToLower(field))
		r.peek(&column)
		r.kind.extras = append(r.kind.extras, &extra{column: column, name: field})
	}
}
