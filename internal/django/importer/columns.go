package importer

import (
	"regexp"
	"slices"
	"strings"

	"carebase/internal/collections"
	"carebase/internal/django/source"
)

// kind is one of the four kinds of records, or of what is read besides.
type kind struct {
	// collection is where the rows go; name is what the report calls them.
	collection string
	table      *source.Table
	// read are the source's columns in the order of a row's values.
	read []string
	// extras are the columns that Carebase does not have.
	extras []*extra
	// owner is the column of the owner; nil if the source has none.
	owner *source.Column
	// left says what is left behind, and why.
	left []string
	// notes say where a value comes from, if that is not obvious.
	notes []string
	// unreadable is set if the rows cannot be imported, which is a problem already.
	unreadable bool
	rows       int64
	sum        checksum
}

// extra is a column that becomes a field.
type extra struct {
	column source.Column
	// name is the field's, column's is of the source.
	name    string
	profile extraProfile
}

// The names of the fields that collections have anyway, in lower case.
var ownFields = map[string][]string{
	collections.Users:    {"id", "password", "tokenkey", "email", "emailvisibility", "verified", "name", "created", "updated", "inactive", "django_password"},
	collections.Patients: {"id", "name", "age", "notes", "created_by", "created_at"},
	collections.Doctors:  {"id", "name", "speciality", "created_by", "created_at"},
	collections.Mappings: {"id", "patient", "doctor", "created_by", "created_at", "assigned_at"},
}

// reservedFields cannot be a field's name in PocketBase.
var reservedFields = []string{
	"null", "true", "false", "_rowid_", "collectionid", "collectionname", "expand", "passwordconfirm", "oldpassword",
}

var fieldPattern = regexp.MustCompile(`^[A-Za-z0-9_]{1,100}$`)

// Names that Django projects give to the same thing, the usual one first.
var (
	createdNames  = []string{"created_at", "date_joined", "created", "created_on", "date_created", "created_date", "registered_at", "joined_at", "date_added", "added_at"}
	assignedNames = []string{"assigned_at", "assigned_on", "assigned_date", "date_assigned", "assigned"}
	fullNames     = []string{"name", "full_name", "fullname"}
)

// isMoment reports whether a column can say when.
func isMoment(column *source.Column) bool {
	return column.Kind == source.DateTime || column.Kind == source.Date || column.Kind == source.Text
}

// first returns the first of the names that the table has a column for.
func first(table *source.Table, names []string, accept func(*source.Column) bool) *source.Column {
	for _, name := range names {
		if column := table.Column(name); column != nil && (accept == nil || accept(column)) {
			return column
		}
	}
	return nil
}

// columnReader gives the columns of a table their places in a row.
type columnReader struct {
	kind *kind
	used map[string]bool
}

func newReader(kind *kind) *columnReader {
	reader := &columnReader{kind: kind, used: map[string]bool{}}
	reader.take(kind.table.Column(kind.table.Key))
	return reader
}

// take reads a column, which becomes no field then; -1 if there is none.
func (r *columnReader) take(column *source.Column) int {
	if column == nil {
		return -1
	}
	r.used[column.Name] = true
	return r.peek(column)
}

// peek reads a column that becomes a field all the same.
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

// nameParts are the columns that a person's name is put together from.
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

// note says that a field comes from a column of another name.
func (r *columnReader) note(field, column string) {
	r.kind.notes = append(r.kind.notes, field+" comes from "+column)
}

// takeExtras makes fields of all columns that are not used.
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
