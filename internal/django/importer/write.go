package importer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/django"
	"carebase/internal/english"
)

// Summary holds the number of rows written of each kind.
type Summary struct {
	Users, Patients, Doctors, Mappings, Tokens, Superusers int64
}

// String lists the numbers.
func (s Summary) String() string {
	return strings.Join([]string{
		english.Count(s.Users, "user"), english.Count(s.Patients, "patient"), english.Count(s.Doctors, "doctor"), english.Count(s.Mappings, "mapping"),
	}, ", ")
}

// Run writes everything in one transaction, verifies it against the source, and
// records an audit event. The app's database must be migrated.
func (i *Import) Run(ctx context.Context, app core.App) (Summary, error) {
	var summary Summary
	err := app.RunInTransaction(func(tx core.App) error {
		if err := i.refuseIDs(tx); err != nil {
			return err
		}
		if err := i.addFields(tx); err != nil {
			return err
		}
		written, err := i.write(ctx, tx)
		if err != nil {
			return err
		}
		if err := i.verify(ctx, tx); err != nil {
			return err
		}
		if err := i.advance(tx); err != nil {
			return err
		}
		if err := collections.KeepDerived(ctx, tx.DB()); err != nil {
			return err
		}
		summary = written
		return audit.RecordIn(tx, audit.Event{Action: audit.Execute, Detail: "carebase import django: " + written.String()})
	})
	return summary, err
}

// refuseIDs returns an error if a collection's ids cannot hold the source's integers.
func (i *Import) refuseIDs(app core.App) error {
	for _, kind := range i.kinds {
		collection, err := app.FindCollectionByNameOrId(kind.collection)
		if err != nil {
			return err
		}
		field, ok := collection.Fields.GetByName(core.FieldNameId).(*core.TextField)
		if !ok {
			return fmt.Errorf("the collection %s has no ids", kind.collection)
		}
		if highest := idText(i.highest[kind.collection]); kind.rows > 0 && (field.Min > 1 || field.Max > 0 && len(highest) > field.Max) {
			return fmt.Errorf("the ids of the collection %s have %d to %d characters, which those of %s (up to %s) do not fit", kind.collection, field.Min, field.Max, kind.table.Name, highest)
		}
	}
	return nil
}

// addFields creates the extra fields. Those of users are readable and writable by
// superusers only; otherwise users could change a role of their own.
func (i *Import) addFields(app core.App) error {
	for _, kind := range i.kinds {
		if len(kind.extras) == 0 {
			continue
		}
		collection, err := app.FindCollectionByNameOrId(kind.collection)
		if err != nil {
			return err
		}
		for _, extra := range kind.extras {
			field := extra.field()
			field.SetHidden(kind.collection == collections.Users)
			if err := addField(collection, field); err != nil {
				return err
			}
		}
		if err := app.Save(collection); err != nil {
			return fmt.Errorf("the collection %s: %w", kind.collection, err)
		}
	}
	return nil
}

// addField adds a field unless the collection already has an equivalent one.
func addField(collection *core.Collection, field core.Field) error {
	existing := collection.Fields.GetByName(field.GetName())
	if existing == nil {
		collection.Fields.Add(field)
		return nil
	}
	if choices, ok := existing.(*core.SelectField); ok {
		if wanted, ok := field.(*core.SelectField); ok && !choices.IsMultiple() {
			for _, value := range wanted.Values {
				if !strings.Contains("\n"+strings.Join(choices.Values, "\n")+"\n", "\n"+value+"\n") {
					choices.Values = append(choices.Values, value)
				}
			}
			return nil
		}
	}
	if existing.Type() != field.Type() {
		return fmt.Errorf("the collection %s has a field %s already, of the type %s instead of %s: rename it, or import with --only-documented",
			collection.Name, field.GetName(), existing.Type(), field.Type())
	}
	return nil
}

// write writes the rows of all kinds.
func (i *Import) write(ctx context.Context, app core.App) (summary Summary, err error) {
	for _, step := range []struct {
		collection string
		count      *int64
		columns    []string
		query      string
		build      func(row []any) []any
	}{
		{collections.Users, &summary.Users, userColumns, "SELECT id, email, name, created, inactive, django_password, left_out%s FROM users ORDER BY id", userRow},
		{collections.Patients, &summary.Patients, patientColumns, "SELECT id, name, age, notes, created_by, created_at%s FROM patients ORDER BY id", patientRow},
		{collections.Doctors, &summary.Doctors, doctorColumns, "SELECT id, name, speciality, created_by, created_at%s FROM doctors ORDER BY id", doctorRow},
		{collections.Mappings, &summary.Mappings, mappingColumns, `SELECT mappings.id, patient, doctor, assigned_at, mappings.created_at, patients.created_by%s
			FROM mappings JOIN patients ON patients.id = patient WHERE mappings.left_out = 0 ORDER BY mappings.id`, mappingRow},
	} {
		kind := i.kindOf(step.collection)
		if kind == nil {
			continue
		}
		if *step.count, err = i.writeKind(ctx, app, kind, step.columns, step.query, step.build); err != nil {
			return summary, fmt.Errorf("%s: %w", step.collection, err)
		}
	}
	if summary.Tokens, err = i.writeTokens(ctx, app); err != nil {
		return summary, fmt.Errorf("%s: %w", collections.BlacklistedTokens, err)
	}
	if i.options.Superusers {
		if summary.Superusers, err = i.writeSuperusers(ctx, app); err != nil {
			return summary, fmt.Errorf("%s: %w", core.CollectionNameSuperusers, err)
		}
	}
	return summary, nil
}

var (
	userColumns    = []string{"id", "password", "tokenKey", "email", "emailVisibility", "verified", "name", "created", "updated", django.FieldInactive, django.FieldPassword}
	patientColumns = []string{"id", "name", "age", "notes", "created_by", "created_at"}
	doctorColumns  = []string{"id", "name", "speciality", "created_by", "created_at"}
	mappingColumns = []string{"id", "patient", "doctor", "assigned_at", "created_at", "created_by"}
)

func userRow(row []any) []any {
	id, address, created := keyText(row[0]), row[1].(string), row[3]
	if row[6] == int64(1) {
		address = django.Placeholder(id, address)
	}
	return []any{id, unusablePassword(), django.NewTokenKey(), address, false, false, row[2], created, created, row[4] == int64(1), row[5]}
}

func patientRow(row []any) []any {
	return []any{keyText(row[0]), row[1], row[2], row[3], keyText(row[4]), row[5]}
}

func doctorRow(row []any) []any {
	return []any{keyText(row[0]), row[1], row[2], keyText(row[3]), row[4]}
}

func mappingRow(row []any) []any {
	return []any{keyText(row[0]), keyText(row[1]), keyText(row[2]), row[3], row[4], keyText(row[5])}
}

// keyText returns a staged key as the target stores it.
func keyText(value any) string {
	id, _ := value.(int64)
	return idText(id)
}

// unusablePassword returns a string in bcrypt's format that no password matches.
func unusablePassword() string {
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	random := make([]byte, 53)
	_, _ = rand.Read(random) // never fails: crypto/rand aborts the program instead
	for n := range random {
		random[n] = alphabet[random[n]%64]
	}
	return "$2a$10$" + string(random)
}

// writeKind writes the rows of one kind with their extra fields.
func (i *Import) writeKind(ctx context.Context, app core.App, kind *kind, columns []string, query string, build func(row []any) []any) (int64, error) {
	fields := make([]core.Field, len(kind.extras))
	selected := ""
	for n, extra := range kind.extras {
		columns = append(columns[:len(columns):len(columns)], extra.name)
		selected += ", " + kind.collection + "." + extraColumn(n)
		fields[n] = extra.field()
	}
	batch := newBatch(app, kind.collection, columns)
	var written int64
	err := i.stage.each(ctx, fmt.Sprintf(query, selected), func(row []any) error {
		values := build(row)
		for n, field := range fields {
			values = append(values, stored(row[len(row)-len(fields)+n], field))
		}
		if written++; written%rowsPerReport == 0 {
			i.report("writing", kind, written)
		}
		return batch.add(ctx, values)
	})
	if err = errors.Join(err, batch.close(ctx, err == nil)); err != nil {
		return 0, err
	}
	i.options.Progress("writing", kind.table.Name, written, written)
	return written, nil
}
