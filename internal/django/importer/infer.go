package importer

import (
	"context"
	"strings"

	"carebase/internal/django/source"
)

// maxInferred bounds the number of user ids held in memory to infer owners.
const maxInferred = 1_000_000

// inferOwners finds the owner column of patients and doctors where neither a foreign
// key nor a name identifies it: the only integer column whose values are all ids of
// users.
func inferOwners(ctx context.Context, from source.Source, found *deployment) error {
	var ownerless []*source.Table
	for _, table := range []*source.Table{found.patients, found.doctors} {
		if table != nil && owner(table, found.users) == nil {
			ownerless = append(ownerless, table)
		}
	}
	if len(ownerless) == 0 || found.users.Rows > maxInferred {
		return nil
	}
	users := map[int64]bool{}
	err := from.Read(ctx, []source.Request{{Table: found.users, Columns: []string{found.users.Key}, Visit: func(values []any) error {
		if id, ok, err := integer(values[0]); ok && err == nil {
			users[id] = true
		}
		return nil
	}}})
	if err != nil {
		return err
	}
	for _, table := range ownerless {
		if err := inferOwner(ctx, from, table, found.users, users); err != nil {
			return err
		}
	}
	return nil
}

func inferOwner(ctx context.Context, from source.Source, table, users *source.Table, ids map[int64]bool) error {
	var names []string
	for _, column := range table.Columns {
		if column.Kind == source.Integer && column.References == "" && column.Name != table.Key && !strings.EqualFold(column.Name, "age") {
			names = append(names, column.Name)
		}
	}
	possible := make([]bool, len(names))
	for n := range possible {
		possible[n] = true
	}
	err := from.Read(ctx, []source.Request{{Table: table, Columns: names, Visit: func(values []any) error {
		for n, value := range values {
			id, ok, err := integer(value)
			possible[n] = possible[n] && ok && err == nil && ids[id]
		}
		return nil
	}}})
	if err != nil {
		return err
	}
	chosen := ""
	for n, name := range names {
		if possible[n] && chosen != "" {
			return nil // ambiguous
		}
		if possible[n] {
			chosen = name
		}
	}
	if chosen != "" {
		table.Column(chosen).References = users.Name
	}
	return nil
}
