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

// The limits of Carebase's own fields, in characters.
const (
	maxUserName  = 150
	maxName      = 120
	maxSpecialty = 120
	maxNotes     = 64 << 20
	maxEmail     = 254
)

// rowReader turns a source's rows into staged ones.
type rowReader struct {
	*Import
	kind *kind
	// build makes the values behind the id; problems go to row.fail.
	build func(row *row) []any
}

// row is a row of the source while it is converted.
type row struct {
	values []any
	fail   func(format string, arguments ...any)
}

// at is a value; nil if the source has no such column.
func (r *row) at(place int) any {
	if place < 0 {
		return nil
	}
	return r.values[place]
}

// check reports the error of a field.
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

// key is a foreign key; nil if it is null or broken.
func (r *row) key(field string, place int) any {
	found, ok, err := integer(r.at(place))
	r.check(field, err)
	if err != nil || !ok {
		return nil
	}
	return found
}

// name is a person's name, put together from its parts.
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

// requiredName is a name that must not be empty.
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

// request is what the reader asks the source for.
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

// hashed are the values of a staged row that its checksum is of: all that come from
// the source, but for what only the stage needs.
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

// superuserPlace is where a staged user has whether they are a superuser.
const superuserPlace = 6

// users reads users. A user without a name has the username or the address as one.
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

// hashOf is the password hash to keep; empty if no password is usable.
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

// patients reads patients. Without a column of ages, they are reckoned from the
// dates of birth.
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

// age is a patient's, in completed years.
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
