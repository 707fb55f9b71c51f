package importer

import (
	"context"
	"fmt"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django"
	"carebase/internal/django/source"
)

// hashedColumns are the target's columns that a checksum covers, in the order of the
// staged ones.
var hashedColumns = map[string][]string{
	collections.Users:    {"id", "email", "name", "created", django.FieldInactive, django.FieldPassword},
	collections.Patients: {"id", "name", "age", "notes", "created_by", "created_at"},
	collections.Doctors:  {"id", "name", "speciality", "created_by", "created_at"},
	collections.Mappings: {"id", "patient", "doctor", "assigned_at", "created_at"},
}

// changedColumns are values that the import changes on purpose: an expression over the
// stage for the original value, null if unchanged, and its position in the row.
var changedColumns = map[string]struct {
	selected string
	place    int
}{
	collections.Users:    {"CASE left_out WHEN 1 THEN email END", 1},
	collections.Patients: {"NULL", 0},
	collections.Doctors:  {"CASE left_out WHEN 1 THEN '' END", 3},
	collections.Mappings: {"NULL", 0},
}

// verify compares the checksums of the written rows with those of the source.
func (i *Import) verify(ctx context.Context, app core.App) error {
	for _, kind := range i.kinds {
		found, err := i.targetSum(ctx, app, kind)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.collection, err)
		}
		if found.rows != kind.sum.rows {
			return fmt.Errorf("%s: there are %d rows instead of the %d of %s", kind.collection, found.rows, kind.sum.rows, kind.table.Name)
		}
		if found != kind.sum {
			return fmt.Errorf("%s: the checksum is not that of %s, so a value is not the same", kind.collection, kind.table.Name)
		}
	}
	return nil
}

// targetSum computes the checksum of the written rows.
func (i *Import) targetSum(ctx context.Context, app core.App, kind *kind) (sum checksum, err error) {
	columns := slices.Clone(hashedColumns[kind.collection])
	for _, extra := range kind.extras {
		columns = append(columns, extra.name)
	}
	row, pointers := make([]any, len(columns)), make([]any, len(columns))
	for n := range row {
		pointers[n] = &row[n]
	}
	changed := changedColumns[kind.collection]
	err = i.eachBatch(ctx, kind.collection, "id, "+changed.selected, func(batch [][]any) error {
		kept := map[any]any{}
		for _, staged := range batch {
			if staged[1] != nil {
				kept[keyText(staged[0])] = staged[1]
			}
		}
		rows, err := app.DB().Select(columns...).From(kind.collection).Where(dbx.In("id", ids(batch)...)).WithContext(ctx).Rows()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(pointers...); err != nil {
				return err
			}
			if original, ok := kept[row[0]]; ok {
				row[changed.place] = original
			}
			i.hash.add(&sum, i.comparable(kind, row))
		}
		if sum.rows%rowsPerReport == 0 {
			i.options.Progress("verifying", kind.table.Name, sum.rows, kind.rows)
		}
		return rows.Err()
	})
	if err == nil {
		i.options.Progress("verifying", kind.table.Name, sum.rows, sum.rows)
	}
	return sum, err
}

// comparable marks JSON values, which are compared by meaning.
func (i *Import) comparable(kind *kind, row []any) []any {
	for n, extra := range kind.extras {
		place := len(row) - len(kind.extras) + n
		if extra.column.Kind != source.JSON {
			continue
		}
		switch written := row[place].(type) {
		case string:
			row[place] = jsonText(written)
		case []byte:
			row[place] = jsonText(written)
		}
	}
	return row
}

// advance calls Options.Advance with the highest imported ids.
func (i *Import) advance(app core.App) error {
	if i.options.Advance == nil {
		return nil
	}
	for _, kind := range i.kinds {
		if err := i.options.Advance(app, kind.collection, i.highest[kind.collection]); err != nil {
			return err
		}
	}
	return nil
}
