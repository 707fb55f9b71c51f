package importer

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"carebase/internal/collections"
	"carebase/internal/django/password"
	"carebase/internal/django/source"
)

// Maximum lengths of Carebase's own fields, in characters.
const (
	maxUserName  = 150
	maxName      = 120
	maxSpecialty = 120
	maxNotes     = 64 << 20
	maxEmail     = 254
)

// rowReader converts rows of a source to staged rows.
type rowReader struct {
	*Import
	kind *kind
	// build returns the values after the id; it reports problems with row.fail.
	build func(row *row) []any
}

// row is a source row during conversion.
type row struct {
	values []any
	fail   func(format string, arguments ...any)
}

// at returns a value, or nil if the source has no such column.
func (r *row) at(place int) any {
	if place < 0 {
		return nil
	}
	return r.values[place]
}

// check reports the conversion error of a field, if any.
func (r *row) check(field string, err error) {
	if err != nil {
		r.fail("the %s %s", field, err)
	}
}

func (r *row) text(field string, place, most int) string {
	found, err := bounded(r.at(place), most)
	r.check(field, err)
	return found
}

func (r *row) moment(field string, place int, missing string) string {
	found, err := moment(r.at(place))
	r.check(field, err)
	if found == "" {
		return missing
	}
	return found
}

// key returns a foreign key, or nil if it is null or invalid.
func (r *row) key(field string, place int) any {
	found, ok, err := integer(r.at(place))
	r.check(field, err)
	if err != nil || !ok {
		return nil
	}
	return found
}

// name returns a person's name, joined from its parts.
func (r *row) name(parts []int, most int) string {
	var names []string
	for _, place := range parts {
		if part := r.text("name", place, math.MaxInt32); strings.TrimSpace(part) != "" || len(parts) == 1 {
			names = append(names, part)
		}
	}
	name, err := bounded(strings.Join(names, " "), most)
	r.check("name", err)
	return name
}

// requiredName returns a name and reports a problem if it is empty.
func (r *row) requiredName(parts []int) string {
	empty := true
	for _, place := range parts {
		empty = empty && (r.at(place) == nil || r.at(place) == "")
	}
	if empty {
		r.fail("the name is empty")
		return ""
	}
	return r.name(parts, maxName)
}

// request returns the request to the source.
func (r *rowReader) request(ctx context.Context) source.Request {
	return source.Request{Table: r.kind.table, Columns: r.kind.read, Visit: func(values []any) error { return r.visit(ctx, values) }}
}

func (r *rowReader) visit(ctx context.Context, values []any) error {
	table := r.kind.table.Name
	id, ok, err := integer(values[0])
	if err != nil || !ok || id < 1 {
		shown, _ := text(values[0])
		r.problems.add(table, shown, "the id is not a positive number")
		return nil
	}
	current := &row{values: values}
	current.fail = func(format string, arguments ...any) { r.problems.add(table, idText(id), format, arguments...) }
	staged := append([]any{id}, r.build(current)...)
	for _, extra := range r.kind.extras {
		value, err := convertExtra(values[slices.Index(r.kind.read, extra.column.Name)], extra.column.Kind)
		current.check(extra.column.Name, err)
		extra.profile.add(value, extra.column.Kind)
		staged = append(staged, value)
	}
	fresh, err := r.stage.insert(ctx, r.kind.collection, staged)
	if err != nil {
		return err
	}
	if !fresh {
		current.fail("there are two rows with this id")
		return nil
	}
	r.kind.rows++
	r.highest[r.kind.collection] = max(r.highest[r.kind.collection], id)
	r.hash.add(&r.kind.sum, r.hashed(r.kind, staged))
	if r.kind.rows%rowsPerReport == 0 {
		r.report("reading", r.kind, r.kind.rows)
	}
	return nil
}

// hashed returns the values of a staged row that its checksum covers: everything from
// the source except what only the stage needs.
func (i *Import) hashed(kind *kind, staged []any) []any {
	row := slices.Clone(staged)
	if kind.collection == collections.Users {
		row = slices.Delete(row, superuserPlace, superuserPlace+1)
	}
	for n, extra := range kind.extras {
		if place := len(row) - len(kind.extras) + n; extra.column.Kind == source.JSON {
			written, _ := row[place].(string)
			row[place] = jsonText(written)
		}
	}
	return row
}

// superuserPlace is the position of the superuser flag in a staged user.
const superuserPlace = 6

// users reads users. The username or address replaces a missing name.
func (i *Import) users(table *source.Table) *rowReader {
	kind := &kind{collection: collections.Users, table: table}
	columns := newReader(kind)
	email := table.Column("email")
	if email == nil {
		email = table.Column("username")
		columns.note("email", "username")
	}
	emailAt := columns.take(email)
	names, username := columns.nameParts("user"), columns.peek(table.Column("username"))
	hash := columns.take(table.Column("password"))
	active, superuser := columns.take(table.Column("is_active")), columns.peek(table.Column("is_superuser"))
	created := columns.take(first(table, createdNames, isMoment))
	columns.takeExtras(i.options.OnlyDocumented)
	return &rowReader{Import: i, kind: kind, build: func(row *row) []any {
		address := row.text("e-mail address", emailAt, maxEmail)
		name := row.name(names, maxUserName)
		if strings.TrimSpace(name) == "" {
			if name = row.text("username", username, maxUserName); name == "" {
				name = string([]rune(address)[:min(utf8.RuneCountInString(address), maxUserName)])
			}
			i.unnamed++
		}
		isActive, err := boolean(row.at(active))
		row.check("is_active", err)
		isSuperuser, err := boolean(row.at(superuser))
		row.check("is_superuser", err)
		return []any{address, name, row.moment("time", created, i.now), active >= 0 && !isActive, i.hashOf(row, hash), isSuperuser}
	}}
}

// hashOf returns the password hash to import; empty if the password is unusable.
func (i *Import) hashOf(row *row, place int) string {
	encoded := row.text("password hash", place, math.MaxInt32)
	hash, err := password.Parse(encoded, i.options.AllowWeakHashes)
	switch {
	case errors.Is(err, password.ErrWeak):
		row.fail("the password hash is weak (md5): --allow-weak-hashes imports it")
	case err != nil:
		algorithm, _, _ := strings.Cut(encoded, "$")
		row.fail("the password hash is unknown or too expensive (%.20q)", algorithm)
	case hash.Usable():
		return encoded
	}
	return ""
}

// patients reads patients. Without an age column, ages are computed from dates of
// birth.
func (i *Import) patients(table *source.Table) *rowReader {
	kind := &kind{collection: collections.Patients, table: table, owner: owner(table, i.found.users)}
	columns := newReader(kind)
	names := columns.nameParts("patient")
	age := columns.take(table.Column("age"))
	birth := -1
	if age < 0 {
		birth = columns.peek(i.birthColumn(table))
	}
	notes := columns.take(first(table, []string{"notes"}, isText))
	ownedBy := columns.take(kind.owner)
	created := columns.take(first(table, createdNames, isMoment))
	columns.takeExtras(i.options.OnlyDocumented)
	return &rowReader{Import: i, kind: kind, build: func(row *row) []any {
		return []any{row.requiredName(names), i.age(row, age, birth), row.text("notes", notes, maxNotes), row.key("owner", ownedBy), row.moment("time", created, i.now)}
	}}
}

// age returns a patient's age in completed years.
func (i *Import) age(row *row, age, birth int) int64 {
	years, ok, err := integer(row.at(age))
	if age < 0 && birth >= 0 {
		years, ok, err = i.yearsSince(row.at(birth))
	}
	switch {
	case err != nil:
		row.check("age", err)
	case !ok:
		row.fail("there is no age")
	case years < 0 || years > math.MaxInt32:
		row.fail("the age is %d; 0 to %d are allowed", years, math.MaxInt32)
	}
	return years
}

// doctors reads doctors.
func (i *Import) doctors(table *source.Table) *rowReader {
	kind := &kind{collection: collections.Doctors, table: table, owner: owner(table, i.found.users)}
	columns := newReader(kind)
	names := columns.nameParts("doctor")
	column := first(table, specialityNames, isText)
	speciality := -1
	if column != nil && column.Name == "speciality" {
		speciality = columns.take(column)
	} else if column != nil {
		speciality = columns.peek(column)
		columns.note("speciality", column.Name)
	}
	ownedBy := columns.take(kind.owner)
	created := columns.take(first(table, createdNames, isMoment))
	columns.takeExtras(i.options.OnlyDocumented)
	return &rowReader{Import: i, kind: kind, build: func(row *row) []any {
		return []any{row.requiredName(names), row.text("speciality", speciality, maxSpecialty), row.key("owner", ownedBy), row.moment("time", created, i.now)}
	}}
}

// mappings reads mappings.
func (i *Import) mappings(table *source.Table) *rowReader {
	kind := &kind{collection: collections.Mappings, table: table}
	columns := newReader(kind)
	patient := columns.take(reference(table, i.found.patients, patientPattern))
	doctor := columns.take(reference(table, i.found.doctors, doctorPattern))
	created := first(table, createdNames, isMoment)
	assigned := first(table, assignedNames, isMoment)
	createdAt, assignedAt := columns.take(created), columns.take(assigned)
	if column := owner(table, i.found.users); column != nil {
		columns.take(column)
		kind.notes = append(kind.notes, "created_by is the patient's owner, whatever "+column.Name+" says")
	}
	columns.takeExtras(i.options.OnlyDocumented)
	return &rowReader{Import: i, kind: kind, build: func(row *row) []any {
		createdTime, assignedTime := row.moment("time", createdAt, ""), row.moment("time", assignedAt, "")
		if createdTime == "" {
			createdTime = assignedTime
		}
		if createdTime == "" {
			createdTime = i.now
		}
		if assignedTime == "" {
			assignedTime = createdTime
		}
		patientID, doctorID := row.key("patient", patient), row.key("doctor", doctor)
		return []any{patientID, doctorID, assignedTime, createdTime}
	}}
}
