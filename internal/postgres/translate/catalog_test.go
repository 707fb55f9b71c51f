package translate_test

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/pocketbase/pocketbase/core" // registers the SQLite driver

	"carebase/internal/postgres/translate"
)

// TestCatalogDefinition compares definitions with those in SQLite's own catalog.
func TestCatalogDefinition(t *testing.T) {
	database, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	database.SetMaxOpenConns(1)
	if _, err := database.Exec("CREATE TABLE t (a, b)"); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"i1": "CREATE INDEX i1 ON t (a)",
		"i2": " -- first\ncreate /* an */  index if\nnot exists i2 on t(a)  ;",
		"i3": "Create Unique Index Main . [i3] ON \"t\" (a COLLATE NOCASE,  b DESC) WHERE a <> ';'",
		"i4": "CREATE INDEX IF NOT EXISTS main.`i4` ON t (b || ' -- ' /* kept */);;",
		"if": "CREATE INDEX [if] ON t (b)",
		"v1": "CREATE  VIEW v1 (x) AS SELECT a FROM t ; ",
		"v2": "create view if not exists \"main\".\"v2\" as\n select a, \"b\" from t",
		"t2": "CREATE  TABLE IF NOT EXISTS main.t2 (a)",
	} {
		if _, err := database.Exec(source); err != nil {
			t.Fatal(err)
		}
		var want string
		if err := database.QueryRow("SELECT sql FROM sqlite_master WHERE name = ?", name).Scan(&want); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(source, "TABLE") {
			want = source
		}
		// SQLite keeps a space before the semicolon.
		if got := translate.CatalogDefinition(source); got != strings.TrimSpace(want) {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
		if got := translate.CatalogDefinition(want); got != strings.TrimSpace(want) {
			t.Errorf("%s: got %q, want %q", want, got, want)
		}
	}
	for _, source := range []string{"", ";", "CREATE", "CREATE INDEX '", "SELECT 1", "CREATE TRIGGER x"} {
		if got := translate.CatalogDefinition(source); got != source {
			t.Errorf("%q became %q", source, got)
		}
	}
}

func TestStrictNames(t *testing.T) {
	for source, want := range map[string]string{
		"CREATE INDEX i ON t (\"a\"\"`b\", `c`, [d], '\"e\"') -- \"f\"": "CREATE INDEX i ON t (`a\"``b`, `c`, [d], '\"e\"') -- \"f\"",
		"CREATE INDEX \"i": "CREATE INDEX \"i",
		"":                 "",
	} {
		if got := translate.StrictNames(source); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}
