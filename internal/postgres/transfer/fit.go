package transfer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// columnType is what PostgreSQL holds columns to. SQLite stores anything in any
// column.
type columnType int

const (
	anyText columnType = iota
	bytesOnly
	numbersOnly
	integersOnly
	booleansOnly
)

// columnTypes are those of declared types. What is missing takes any text.
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

// fits says why PostgreSQL cannot hold a value in a column, before it fails with
// hundreds of rows in one statement.
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
		return fmt.Errorf("a value of another type (%.40q) than the column's", fmt.Sprint(value))
	}
	return nil
}

func fitsText(text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return errors.New("a text with a NUL character, which PostgreSQL cannot store")
	}
	if !utf8.ValidString(text) {
		return errors.New("a text that is not UTF-8, which PostgreSQL cannot store")
	}
	return nil
}
