package sqlite

import (
	"database/sql/driver"
	"fmt"
	"testing"
)

// TestUpdatesLeaveTheID rewrites PocketBase's updates of a record, and nothing else.
func TestUpdatesLeaveTheID(t *testing.T) {
	for _, test := range []struct {
		text   string
		values []any
		want   string
		left   []any
	}{
		{"UPDATE `t` SET `age`=?, `id`=?, `name`=? WHERE `id`=?", []any{5, "7", "Ann", "7"}, "UPDATE `t` SET `age`=?, `name`=? WHERE `id`=?", []any{5, "Ann", "7"}},
		{"UPDATE `t` SET `id`=?, `name`=? WHERE `id`=?", []any{"7", "Ann", "7"}, "UPDATE `t` SET `name`=? WHERE `id`=?", []any{"Ann", "7"}},
		{"UPDATE `t` SET `id`=? WHERE `id`=?", []any{"7", "7"}, "", nil},
		{"UPDATE `t` SET `age`=?, `id`=? WHERE `id`=?", []any{5, "8", "7"}, "", nil},
		{"UPDATE `t` SET `age`=age+1, `id`=? WHERE `id`=?", []any{"7", "7"}, "", nil},
		{"UPDATE `t` SET `age`=max(?, ?), `id`=? WHERE `id`=?", []any{1, 2, "7", "7"}, "", nil},
		{"UPDATE `t` SET `age`=?, `id`=? WHERE `id`=? AND `x`=?", []any{5, "7", "7", 1}, "", nil},
		{"UPDATE `t` SET `age`=? WHERE `id`=?", []any{5, "7"}, "", nil},
		{"UPDATE t SET age=?", []any{5}, "", nil},
	} {
		var values []driver.NamedValue
		for i, value := range test.values {
			values = append(values, driver.NamedValue{Ordinal: i + 1, Value: value})
		}
		if text, _ := withoutID(t.Context(), test.text, values); text != test.text {
			t.Errorf("without being asked, %q becomes %q", test.text, text)
		}
		text, left := withoutID(LeavingID(t.Context()), test.text, values)
		if test.want == "" {
			test.want, test.left = test.text, test.values
		}
		var got []any
		for i, value := range left {
			got = append(got, value.Value)
			if value.Ordinal != i+1 {
				t.Errorf("%q: value %d is number %d", test.text, i+1, value.Ordinal)
			}
		}
		if text != test.want || fmt.Sprint(got) != fmt.Sprint(test.left) {
			t.Errorf("%q becomes %q with %v", test.text, text, got)
		}
	}
}
