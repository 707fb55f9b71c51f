package transfer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// columnType is the kind of values that a column accepts on PostgreSQL. SQLite
// accepts any value in any column.
type columnType int

const (
	anyText columnType = iota
	bytesOnly
	numbersOnly
	integersOnly
	booleansOnly
)

// columnTypes maps declared types; others accept any text.
var columnTypes = map[string]columnType{
	"NUMERIC": numbersOnly, "DECIMAL": numbersOnly, "REAL": numbersOnly, "DOUBLE": numbersOnly, "FLOAT": numbersOnly,
	"INTEGER": integersOnly, "INT": integersOnly, "BIGINT": integersOnly,
	"BOOLEAN": booleansOnly, "BOOL": booleansOnly, "BLOB": bytesOnly,
}

func columnTypeOf(declared string) columnType {
	first, _, _ := strings.Cut(strings.ToUpper(declared), "(")
	first, _, _ = strings.Cut(strings.TrimSpace(first), " ")
	return columnTypes[first]
}

// fits returns an error if PostgreSQL cannot store a value in a column. It
// names the row, which PostgreSQL's own error for an INSERT of many rows does
// not.
func fits(value any, column column) error {
	wrong := false
	switch v := value.(type) {
	case int64:
		wrong = column.kind == bytesOnly || column.kind == booleansOnly && v != 0 && v != 1
	case float64:
		wrong = column.kind != numbersOnly && column.kind != anyText
	case []byte:
		wrong = column.kind != bytesOnly && column.kind != anyText
		if column.kind == anyText {
			return fitsText(string(v))
		}
	case string:
		wrong = column.kind != anyText
		if !wrong {
			return fitsText(v)
		}
	}
	if wrong {
		return fmt.Errorf("the value %.40q does not have the column's type", fmt.Sprint(value))
	}
	return nil
}

func fitsText(text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return errors.New("the text contains a NUL character, which PostgreSQL cannot store")
	}
	if !utf8.ValidString(text) {
		return errors.New("the text is not valid UTF-8, which PostgreSQL cannot store")
	}
	return nil
}
