package postgres_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestRefusedSQLIsLogged asserts that the log contains the refused statement,
// and that none of the statements of its text ran.
func TestRefusedSQLIsLogged(t *testing.T) {
	_, db := open(t)
	execute(t, db, people)
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	defer slog.SetDefault(before)
	for _, refused := range []string{
		"CREATE TRIGGER watch AFTER INSERT ON people BEGIN SELECT 1; END",
		"INSERT OR REPLACE INTO people (id) VALUES ('b')",
		"CREATE TEMP TABLE copy (id TEXT)",
		"CREATE VIRTUAL TABLE words USING fts5(word)",
		"SELECT key FROM json_tree('[]')",
		"SELECT printf('%e', age) FROM people",
		"ATTACH 'other.db' AS other",
	} {
		logged.Reset()
		_, err := db.NewQuery("INSERT INTO people (id) VALUES ('a'); " + refused).Execute()
		if err == nil || !strings.HasPrefix(err.Error(), "SQL logic error: ") {
			t.Errorf("%s: got %v", refused, err)
		}
		if !strings.Contains(logged.String(), refused) {
			t.Errorf("%s: the log says %s", refused, logged.String())
		}
	}
	if got := text(t, db, "SELECT count(*) FROM people"); got != "0" {
		t.Errorf("%s statements ran", got)
	}
}
