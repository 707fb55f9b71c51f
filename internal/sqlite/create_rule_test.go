package sqlite

import (
	"database/sql/driver"
	"reflect"
	"testing"
)

// TestCreateRuleIsSteady brings what PocketBase asks about a new record into one form, with
// the values at the columns that they belong to, and leaves everything else as it is.
func TestCreateRuleIsSteady(t *testing.T) {
	const asked = "WITH `patients__pb_create__` as (SELECT ? AS `age`,? AS `id`,? AS `name`) SELECT (1) FROM `patients__pb_create__` WHERE ? = `patients__pb_create__`.`name` LIMIT 1"
	for text, values := range map[string][]any{
		"WITH `patients__pb_create__Nt0h7m` as (SELECT ? AS `name`,? AS `id`,? AS `age`) SELECT (1) FROM `patients__pb_create__Nt0h7m` WHERE ? = `patients__pb_create__Nt0h7m`.`name` LIMIT 1": {"n", "i", 5, "w"},
		"WITH `patients__pb_create__ab12cd` as (SELECT ? AS `age`,? AS `name`,? AS `id`) SELECT (1) FROM `patients__pb_create__ab12cd` WHERE ? = `patients__pb_create__ab12cd`.`name` LIMIT 1": {5, "n", "i", "w"},
	} {
		steadied, ordered := steady(text, named(values))
		if steadied != asked || !reflect.DeepEqual(ordered, named([]any{5, "i", "n", "w"})) {
			t.Errorf("%s with %v became %s with %v", text, values, steadied, ordered)
		}
	}
	for _, text := range []string{
		"SELECT 1", "WITH `a` as (SELECT ? AS `b`) SELECT 1", "WITH `a__pb_create__` as (SELECT ? AS `b`) SELECT 1",
		"WITH `a__pb_create__ab12cd` as (SELECT ? || ? AS `b`) SELECT 1", "WITH `a__pb_create__ab12cd` as (SELECT ? AS `b`,? AS `c`,? AS `d`) SELECT 1",
		"WITH `a__pb_create__ab12cd` as (SELECT 1 AS `b`) SELECT 1", "SELECT 'WITH `a__pb_create__ab12cd` as (SELECT ? AS `b`) SELECT '",
	} {
		values := named([]any{1, 2})
		if steadied, ordered := steady(text, values); steadied != text || !reflect.DeepEqual(ordered, values) {
			t.Errorf("%s became %s with %v", text, steadied, ordered)
		}
	}
}

func named(values []any) []driver.NamedValue {
	list := make([]driver.NamedValue, len(values))
	for i, value := range values {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return list
}
