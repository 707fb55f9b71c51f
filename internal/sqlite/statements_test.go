package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/sqlite"
)

// openOne returns a database with one connection, whose statements are kept.
func openOne(t *testing.T) *sql.DB {
	t.Helper()
	opened, err := sqlite.Connect(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	opened.DB().SetMaxOpenConns(1)
	return opened.DB()
}

func run(t *testing.T, database *sql.DB, text string, arguments ...any) {
	t.Helper()
	if _, err := database.ExecContext(t.Context(), text, arguments...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestKeptStatementsFollowTheSchema(t *testing.T) {
	database := openOne(t)
	run(t, database, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
	const insert, read = "INSERT INTO notes (text) VALUES (?)", "SELECT * FROM notes ORDER BY id"
	columns := func() string {
		t.Helper()
		rows, err := database.QueryContext(t.Context(), read)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil || !rows.Next() {
			t.Fatal(names, err)
		}
		return strings.Join(names, " ")
	}
	run(t, database, insert, "one")
	if got := columns(); got != "id text" {
		t.Errorf("got %s", got)
	}
	run(t, database, "ALTER TABLE notes ADD COLUMN author TEXT")
	run(t, database, insert, "two")
	if got := columns(); got != "id text author" {
		t.Errorf("after a new column: got %s", got)
	}
	run(t, database, "DROP TABLE notes")
	if _, err := database.ExecContext(t.Context(), insert, "three"); err == nil {
		t.Error("a table that is gone took a row")
	}
}

// TestKeptStatementsAreUsedByOneAtATime reads the rows of a statement within those of
// the same statement, and uses more statements than are kept.
func TestKeptStatementsAreUsedByOneAtATime(t *testing.T) {
	database := openOne(t)
	run(t, database, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
	for i := range 3 {
		run(t, database, "INSERT INTO notes (text) VALUES (?)", fmt.Sprint(i))
	}
	if _, err := database.ExecContext(t.Context(), "INSERT INTO notes (text) VALUES (?)", "1"); err == nil {
		t.Error("a duplicate was taken")
	}
	run(t, database, "INSERT INTO notes (text) VALUES (?)", "3")
	transaction, err := database.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = transaction.Rollback() }()
	const read = "SELECT id FROM notes ORDER BY id"
	count := func(visit func()) (seen int) {
		t.Helper()
		rows, err := transaction.QueryContext(t.Context(), read)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for ; rows.Next(); seen++ {
			visit()
		}
		return seen
	}
	outer := count(func() {
		if inner := count(func() {}); inner != 4 {
			t.Errorf("within: got %d rows", inner)
		}
	})
	if outer != 4 {
		t.Errorf("got %d rows", outer)
	}
	for i := range 200 {
		var found int
		text := fmt.Sprintf("SELECT count(*) + %d FROM notes", i)
		if err := transaction.QueryRowContext(t.Context(), text).Scan(&found); err != nil || found != i+4 {
			t.Fatalf("%s: got %d, %v", text, found, err)
		}
	}
}
