package transfer

import (
	"math"
	"testing"
)

func TestCanonicalValues(t *testing.T) {
	text, numeric, binary := column{name: "t"}, column{name: "n", numeric: true}, column{name: "b", kind: bytesOnly}
	for _, test := range []struct {
		a, b     any
		column   column
		areEqual bool
	}{
		{int64(1), 1.0, numeric, true},
		{int64(1), true, numeric, true},
		{"1.50", 1.5, numeric, true},
		{" 12 ", int64(12), numeric, true},
		{"1e400", math.Inf(1), numeric, true},
		{int64(9007199254740993), 9007199254740992.0, numeric, false},
		{"1.50", "1.5", text, false},
		{"1", int64(1), text, false},
		{"", nil, text, false},
		{nil, int64(0), numeric, false},
		{"0x10", int64(16), numeric, false},
		{[]byte("{}"), "{}", text, true},
		{[]byte("a"), "a", binary, false},
	} {
		kindA, a := canonical(test.a, test.column)
		kindB, b := canonical(test.b, test.column)
		if got := kindA == kindB && string(a) == string(b); got != test.areEqual {
			t.Errorf("%#v and %#v in %s: equal is %v", test.a, test.b, test.column.name, got)
		}
	}
}

func TestAffinityOfDeclaredTypes(t *testing.T) {
	for declared, want := range map[string]bool{"TEXT": false, "VARCHAR(255)": false, "BLOB": false, "": false, "JSON": true, "NUMERIC": true, "BOOLEAN": true, "INTEGER": true, "CHARINT": true, "datetime": true} {
		if got := hasNumericAffinity(declared); got != want {
			t.Errorf("%q: got %v", declared, got)
		}
	}
}

// TestColumnBoundariesCount moves a character from one column to the next.
func TestColumnBoundariesCount(t *testing.T) {
	columns := []column{{name: "a"}, {name: "b"}}
	sum := func(values ...any) checksum {
		counter := newCounter(columns)
		counter.add(values)
		return counter.sum()
	}
	if sum("ab", "c") == sum("a", "bc") || sum("", nil) == sum(nil, "") {
		t.Error("different rows have the same checksum")
	}
}
