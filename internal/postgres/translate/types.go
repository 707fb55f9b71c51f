package translate

import "strings"

// columnTypes maps declared types to PostgreSQL's. Text sorts by bytes, as in
// SQLite. Dates are text, too.
var columnTypes = map[string]string{
	"":         textColumn,
	"TEXT":     textColumn,
	"VARCHAR":  textColumn,
	"CHAR":     textColumn,
	"CLOB":     textColumn,
	"DATE":     textColumn,
	"DATETIME": textColumn,
	"JSON":     `sqlite."JSON"`,
	"NUMERIC":  `sqlite."NUMERIC"`,
	"DECIMAL":  `sqlite."NUMERIC"`,
	"REAL":     "double precision",
	"DOUBLE":   "double precision",
	"FLOAT":    "double precision",
	"BOOLEAN":  "boolean",
	"BOOL":     "boolean",
	"INTEGER":  integerColumn,
	"INT":      integerColumn,
	"BIGINT":   integerColumn,
	"BLOB":     "pg_catalog.bytea",
}

const (
	textColumn    = `pg_catalog.text COLLATE "C"`
	integerColumn = "bigint"
)

// castFunctions are the functions of CAST, by the type's name.
var castFunctions = map[string]string{
	"TEXT": "sqlite.to_text", "VARCHAR": "sqlite.to_text", "CHAR": "sqlite.to_text", "CLOB": "sqlite.to_text",
	"DATE": "sqlite.to_numeric", "DATETIME": "sqlite.to_numeric", "NUMERIC": "sqlite.to_numeric", "DECIMAL": "sqlite.to_numeric",
	"REAL": "sqlite.to_real", "DOUBLE": "sqlite.to_real", "FLOAT": "sqlite.to_real",
	"INTEGER": "sqlite.to_integer", "INT": "sqlite.to_integer", "BIGINT": "sqlite.to_integer",
	"BOOLEAN": "sqlite.truth", "BOOL": "sqlite.truth", "JSON": "sqlite.to_text", "BLOB": "sqlite.to_blob",
}

// castFunction returns the function of a type. Unknown types have numeric
// affinity in SQLite.
func castFunction(typeName string) string {
	if function, ok := castFunctions[typeName]; ok {
		return function
	}
	return "sqlite.to_numeric"
}

// typeName parses a type with its length and returns its first word in upper
// case.
func (t *translator) typeName() string {
	if t.peek().kind != word {
		t.unexpected()
		return ""
	}
	name := t.next().keyword
	for t.peek().kind == word && (t.atWord("PRECISION", "VARYING", "UNSIGNED")) {
		t.next()
	}
	if t.accept("(") {
		t.list(func() {
			if t.peek().kind != number {
				t.unexpected()
			}
			t.next()
		})
		t.expect(")")
	}
	return strings.ToUpper(name)
}
