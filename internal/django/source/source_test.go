package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(content string) string {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write([]byte(content)) // a buffer takes everything
	_ = writer.Close()
	return buffer.String()
}

// makeSQLite makes a database and leaves it open until the test ends if it is to be
// in use.
func makeSQLite(t testing.TB, inUse bool, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	database, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := database.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if inUse {
		t.Cleanup(func() { _ = database.Close() })
	} else if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrokenSources end in one line that says what is wrong.
func TestBrokenSources(t *testing.T) {
	const object = `{"model": "a.b", "pk": 1, "fields": {"x": 1}}`
	wide := strings.Builder{}
	for i := range maxColumns + 1 {
		fmt.Fprintf(&wide, `"f%d": 1, `, i)
	}
	junk := makeSQLite(t, false, "CREATE TABLE t (id integer PRIMARY KEY)")
	content, err := os.ReadFile(junk)
	if err != nil {
		t.Fatal(err)
	}
	damaged := write(t, "damaged.sqlite3", string(content[:100])+strings.Repeat("junk", len(content)/4-25))
	for place, want := range map[string]string{
		"":                                      "--from must be",
		"mysql://x":                             "--from must be",
		"db.txt":                                "--from must be",
		junk:                                    "write sqlite:",
		"sqlite:/nowhere.sqlite3":               "no such file",
		"sqlite:" + t.TempDir():                 "not a file of SQLite",
		"sqlite:" + write(t, "x", "short"):      "not a file of SQLite",
		"sqlite:" + damaged:                     "malformed",
		"postgres://x:secret@127.0.0.1:1/d":     "cannot connect",
		"postgres://x:secret@%zz":               "not a URL of PostgreSQL",
		"/nowhere.json":                         "no such file",
		write(t, "a.json.gz", "["):              "not a gzip file",
		write(t, "b.json", ""):                  "ends in the middle",
		write(t, "c.json", "["+object+", {\"m"): "ends in the middle",
		write(t, "d.json", "["+object):          "ends in the middle",
		write(t, "e.json.gz", zipped("[" + object + "]")[:30]):                                            "ends in the middle",
		write(t, "utf16.json", "\xff\xfe[\x00]\x00"):                                                      "UTF-16",
		write(t, "utf16be.json.gz", zipped("\xfe\xff\x00[\x00]")):                                         "UTF-16",
		write(t, "f.json", "{}"):                                                                          "must be a list of objects",
		write(t, "g.json", "[]"):                                                                          "no objects",
		write(t, "h.json", "[1]"):                                                                         "object 1: ",
		write(t, "i.json", `[{"pk": 1}]`):                                                                 "object 1 is not one of dumpdata's",
		write(t, "j.json", "["+object+"] x"):                                                              "something behind",
		write(t, "k.json", `[{"model": "a.b", "pk": 1, "fields": {`+wide.String()+`"x": 1}}]`):            "has more than 1000 fields",
		write(t, "l.json", `[{"model": "a.b", "pk": 1, "fields": {"x": `+strings.Repeat("[", 20_000)):     "object 1: ",
		write(t, "m.json", "["+strings.Repeat(`{"model": "a.b", "pk": `+strings.Repeat("9", 400), 1)+"]"): "object 1: ",
	} {
		source, err := Open(context.Background(), place)
		if err == nil {
			t.Errorf("%s was opened: %v", place, source)
			continue
		}
		if text := err.Error(); !strings.Contains(text, want) || strings.Contains(text, "\n") || strings.Contains(text, "secret") {
			t.Errorf("%s: got %q, want %q", place, text, want)
		}
	}
}

// TestByteOrderMark reads what PowerShell made of dumpdata's output.
func TestByteOrderMark(t *testing.T) {
	const content = "\ufeff" + `[{"model": "a.b", "pk": 1, "fields": {"x": 1}}]`
	for _, path := range []string{write(t, "bom.json", content), write(t, "bom.json.gz", zipped(content))} {
		source, err := Open(context.Background(), path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if tables := source.Tables(); len(tables) != 1 || tables[0].Rows != 1 {
			t.Errorf("%s: got %+v", path, tables)
		}
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAnObjectHasABound(t *testing.T) {
	budget := &budgetReader{reader: strings.NewReader(strings.Repeat("x", 100)), left: 10}
	buffer := make([]byte, 64)
	if count, err := budget.Read(buffer); count != 10 || err != nil {
		t.Errorf("got %d, %v", count, err)
	}
	if _, err := budget.Read(buffer); err == nil {
		t.Error("more than the bound was read")
	}
}

// TestSQLiteIsLeftAsItWas reads databases in all states that Django leaves them in.
func TestSQLiteIsLeftAsItWas(t *testing.T) {
	const rows = "CREATE TABLE t (id integer PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'one'), (2, 'two')"
	for name, path := range map[string]string{
		"closed":                makeSQLite(t, false, rows),
		"closed in WAL mode":    makeSQLite(t, false, "PRAGMA journal_mode = WAL", rows),
		"in use":                makeSQLite(t, true, rows),
		"in use, in WAL mode":   makeSQLite(t, true, "PRAGMA journal_mode = WAL", rows),
		"a name that is no URL": filepath.Join(copyTo(t, makeSQLite(t, false, rows), "a ?#%41.db")),
	} {
		before := listing(t, filepath.Dir(path))
		source, err := Open(context.Background(), "sqlite:"+path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var names []any
		table := source.Tables()[0]
		err = source.Read(context.Background(), []Request{{Table: &table, Columns: []string{"name"}, Visit: func(values []any) error {
			names = append(names, values[0])
			return nil
		}}})
		if fmt.Sprint(names) != "[one two]" || err != nil || table.Rows != 2 || table.Key != "id" {
			t.Errorf("%s: got %v, %+v, %v", name, names, table, err)
		}
		if during := listing(t, filepath.Dir(path)); during != before {
			t.Errorf("%s: meanwhile there are %s", name, during)
		}
		if err := source.Unchanged(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := source.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if after := listing(t, filepath.Dir(path)); after != before {
			t.Errorf("%s: got %s instead of %s", name, after, before)
		}
	}
}

func copyTo(t testing.TB, from, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := copyFile(from, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// listing is the names and contents of a directory's files; SQLite's shared memory
// is no content.
func listing(t testing.TB, directory string) string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(entry.Name(), "-shm") {
			content = nil
		}
		fmt.Fprintf(&text, "%s (%x) ", entry.Name(), content)
	}
	return text.String()
}

func TestAWriterIsNoticed(t *testing.T) {
	path := makeSQLite(t, false, "PRAGMA journal_mode = WAL", "CREATE TABLE t (id integer PRIMARY KEY)")
	source, err := Open(context.Background(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	database, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if _, err := database.Exec("INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if err := source.Unchanged(); err == nil {
		t.Error("a write was not noticed")
	}
}

// TestKinds reads types off definitions, and off dumpdata's values.
func TestKinds(t *testing.T) {
	sqlite := makeSQLite(t, false, `CREATE TABLE app_thing (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, a varchar(20), b text, c integer unsigned, d bigint, e bool, f datetime, g date, h decimal, i real,
		j text CHECK ((JSON_VALID("j") OR "j" IS NULL)), k char(32), l BLOB, m_id bigint REFERENCES app_other (id), n time)`, "CREATE TABLE app_other (id integer PRIMARY KEY)")
	dump := write(t, "dump.json", `[{"model": "app.thing", "pk": 1, "fields": {"a": "x", "b": "2020-01-01", "c": 1, "d": null, "e": true, "f": "2020-01-01T00:00:00.123Z", "g": "2020-01-01", "h": "1.50", "i": 1.5,
		"j": {"x": 1}, "k": "0f8fad5b-d9cb-469f-a165-70867728950e", "l": "AP8=", "m": 1, "n": "10:00:00", "o": [1, 2], "p": ["x"]}},
		{"model": "app.thing", "pk": 2, "fields": {"b": "x", "c": 2.5, "d": null}}, {"model": "app.m", "pk": 1, "fields": {}}]`)
	for place, want := range map[string]string{
		"sqlite:" + sqlite: "id:1 a:0(20) b:0 c:1 d:1 e:4 f:6 g:5 h:3 i:2 j:7 k:8 l:9 m_id:1>app_other n:0",
		dump:               "a:0 b:0 c:2 d:0 e:4 f:6 g:5 h:0 i:2 j:7 k:8 l:0 m:1>app.m n:0 o:10 p:7 pk:1",
	} {
		source, err := Open(context.Background(), place)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range source.Tables() {
			if strings.HasSuffix(table.Name, "thing") {
				if got := describe(table); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		}
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

func describe(table Table) string {
	var parts []string
	for _, column := range table.Columns {
		text := fmt.Sprintf("%s:%d", column.Name, column.Kind)
		if column.Length > 0 {
			text += fmt.Sprintf("(%d)", column.Length)
		}
		if column.References != "" {
			text += ">" + column.References
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func FuzzDumpdata(f *testing.F) {
	for _, seed := range []string{"[]", `[{"model": "a.b", "pk": 1, "fields": {"x": [1], "y": "2020-01-01", "z": -1.5e3}}]`, `[{"model": "a.b", "fields": {"x": "\ud800"}}`} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "dump.json")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		source, err := Open(context.Background(), path)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		for _, table := range source.Tables() {
			var columns []string
			for _, column := range table.Columns {
				columns = append(columns, column.Name)
			}
			_ = source.Read(context.Background(), []Request{{Table: &table, Columns: columns, Visit: func([]any) error { return nil }}})
		}
	})
}
