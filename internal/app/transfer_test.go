package app_test

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/collections"
	"carebase/internal/postgres"
	"carebase/internal/postgres/transfer"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

func TestRoundTrip(t *testing.T) {
	settings := testpostgres.New(t)
	original, token := sqlitePlace(t)
	before, beside := sums(t, original), names(t, original)
	there := copyPlace(t, "sqlite:"+original, settings.URL)
	returned := filepath.Join(t.TempDir(), "new", "pb data #%41")
	back := copyPlace(t, settings.URL, "sqlite:"+returned)
	if there.Rows != back.Rows || there.Tables != back.Tables || there.Rows < patients+logs+300 {
		t.Errorf("there %+v, back %+v", there, back)
	}
	if !reflect.DeepEqual(sums(t, original), before) {
		t.Error("the original was changed")
	}
	if got := names(t, original); !slices.Equal(got, beside) {
		t.Errorf("beside the original is %q instead of %q", got, beside)
	}
	for _, file := range []string{"data.db", "auxiliary.db"} {
		want, got := dump(t, original, file), dump(t, returned, file)
		// Litestream's tables mean nothing in another database.
		want = slices.DeleteFunc(want, func(line string) bool { return strings.Contains(line, "_litestream_") })
		for i, line := range want {
			if i >= len(got) || got[i] != line {
				t.Fatalf("%s, line %d: got %.300s, want %.300s", file, i, append(got, "nothing")[min(i, len(got))], line)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d lines instead of %d", file, len(got), len(want))
		}
	}

	reference := testapp.Open(t, original, postgres.Settings{})
	for name, app := range map[string]core.App{
		"PostgreSQL": testapp.Open(t, t.TempDir(), settings),
		"SQLite":     testapp.Open(t, returned, postgres.Settings{}),
	} {
		t.Run(name, func(t *testing.T) {
			check(t, app.RunAllMigrations())
			sameRecords(t, reference, app)
			server := testapp.Serve(t, app)
			list := server.Call(token, "GET", "/api/patients/", nil).List(server)
			if len(list) != patients || list[0]["name"] != "Patient 2999" || list[patients-1]["name"] != "Patient 0" {
				t.Errorf("with the old token: %d patients from %v", len(list), list[0])
			}
			signedIn := server.Must(200, "", "POST", "/api/auth/login/", map[string]any{"email": email, "password": password})
			created := server.Must(201, signedIn["access"].(string), "POST", "/api/patients/", map[string]any{"name": "New", "age": 1, "notes": ""})
			if created["id"] != float64(patients+1) {
				t.Errorf("the new patient is %v", created["id"])
			}
			if list := server.Call(token, "GET", "/api/patients/", nil).List(server); list[0]["name"] != "New" {
				t.Errorf("the newest patient is %v", list[0])
			}
			if found := server.Call(token, "GET", "/api/patients/?search=PATIENT+2999", nil).List(server); len(found) != 1 {
				t.Errorf("found %d", len(found))
			}
			for _, figure := range server.Call(token, "GET", "/api/overview/", nil).List(server) {
				if figure["chart"] == "patients" && figure["count"] != float64(patients+1) {
					t.Errorf("got %v", figure)
				}
			}
			server.Must(200, "", "POST", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": "operator@example.com", "password": password})
		})
	}
}

// sameRecords compares the records of every collection, and the settings, of
// two apps.
func sameRecords(t *testing.T, want, got core.App) {
	t.Helper()
	collections, err := want.FindAllCollections()
	check(t, err)
	for _, collection := range collections {
		same, err := got.FindCollectionByNameOrId(collection.Id)
		check(t, err)
		if same.Name != collection.Name || same.AuthToken.Secret != collection.AuthToken.Secret {
			t.Errorf("%s is %s", collection.Name, same.Name)
		}
		wanted, err := want.FindAllRecords(collection.Name)
		check(t, err)
		found, err := got.FindAllRecords(collection.Name)
		check(t, err)
		if len(found) != len(wanted) {
			t.Fatalf("%s: %d records instead of %d", collection.Name, len(found), len(wanted))
		}
		byID := map[string]*core.Record{}
		for _, record := range found {
			byID[record.Id] = record
		}
		for _, record := range wanted {
			if other := byID[record.Id]; other == nil || !reflect.DeepEqual(record.FieldsData(), other.FieldsData()) {
				t.Fatalf("%s: got %.500v, want %.500v", collection.Name, other, record)
			}
		}
	}
	if want.Settings().String() != got.Settings().String() {
		t.Error("the settings differ")
	}
}

// names returns the names of the files in a directory.
func names(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	check(t, err)
	found := []string{}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func sums(t *testing.T, directory string) map[string][32]byte {
	t.Helper()
	result := map[string][32]byte{}
	for _, file := range []string{"data.db", "auxiliary.db"} {
		content, err := os.ReadFile(filepath.Join(directory, file))
		check(t, err)
		result[file] = sha256.Sum256(content)
	}
	return result
}

func TestNonEmptyTargetIsRefused(t *testing.T) {
	settings := testpostgres.New(t)
	original, _ := sqlitePlace(t)
	copyPlace(t, "sqlite:"+original, settings.URL)
	for _, to := range []string{settings.URL, "sqlite:" + original} {
		for _, from := range []string{settings.URL, "sqlite:" + original} {
			_, err := transfer.Copy(t.Context(), from, to, quiet)
			if err == nil || !strings.Contains(err.Error(), "is not empty") {
				t.Errorf("got %v", err)
			}
		}
	}
	if len(tablesIn(t, settings)) == 0 {
		t.Error("the refused target was emptied")
	}
}

func TestFailedCopyLeavesNothing(t *testing.T) {
	settings := testpostgres.New(t)
	original, _ := sqlitePlace(t)
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: original})
	check(t, app.Bootstrap())
	// They come first, and would only take time.
	_, err := app.AuxNonconcurrentDB().NewQuery("DELETE FROM _logs").Execute()
	check(t, err)
	// An incompressible text is too long for a PostgreSQL index.
	_, err = app.DB().NewQuery("UPDATE everything SET json = {:long} WHERE email = 'Mixed9@Example.com'").Bind(dbx.Params{"long": security.RandomString(20_000)}).Execute()
	check(t, err)
	execute := func(statement string) {
		_, err := app.DB().NewQuery(statement).Execute()
		check(t, err)
	}
	for statement, expected := range map[string]struct{ message, repair string }{
		"UPDATE everything SET `text` = 'a' || char(0) || 'b' WHERE email = 'Mixed7@Example.com'": {"row 8, column text: the text contains a NUL character", "UPDATE everything SET `text` = ''"},
		"UPDATE everything SET `text` = CAST(x'ff' AS TEXT) WHERE email = 'Mixed7@Example.com'":   {"row 8, column text: the text is not valid UTF-8", "UPDATE everything SET `text` = ''"},
		"UPDATE everything SET `bool` = 5 WHERE email = 'Mixed7@Example.com'":                     {`row 8, column bool: the value "5" does not have the column's type`, "UPDATE everything SET `bool` = TRUE"},
		"UPDATE everything SET `number` = 9007199254740993 WHERE email = 'Mixed7@Example.com'":    {"the checksums differ", "UPDATE everything SET `number` = 0"},
		"CREATE TRIGGER watch AFTER INSERT ON everything BEGIN SELECT 1; END":                     {"watch is a trigger", "DROP TRIGGER watch"},
		"CREATE INDEX idx_long ON everything (json)":                                              {"failed to create the index idx_long", "DROP INDEX idx_long"},
	} {
		repair := expected.repair
		execute(statement)
		_, err := transfer.Copy(t.Context(), "sqlite:"+original, settings.URL, quiet)
		if err == nil || !strings.Contains(err.Error(), expected.message) {
			t.Fatalf("%s: got %v", statement, err)
		}
		if left := tablesIn(t, settings); len(left) > 0 {
			t.Errorf("%s: %q is left", statement, left)
		}
		execute(repair)
	}
	check(t, app.ResetBootstrapState())
	interrupted := func(from, to string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := transfer.Copy(ctx, from, to, func(_, table string, done, _ int64) {
			if table == collections.Patients && done > 0 {
				cancel()
			}
		})
		if err == nil {
			t.Fatal("an interrupted copy succeeded")
		}
	}
	interrupted("sqlite:"+original, settings.URL)
	if left := tablesIn(t, settings); len(left) > 0 {
		t.Errorf("an interrupted copy left %q", left)
	}
	copyPlace(t, "sqlite:"+original, settings.URL)
	returned := filepath.Join(t.TempDir(), "returned")
	interrupted(settings.URL, "sqlite:"+returned)
	if _, err := os.Stat(returned); !os.IsNotExist(err) {
		t.Errorf("an interrupted copy left its directory: %v", err)
	}
	copyPlace(t, settings.URL, "sqlite:"+returned)
}

// TestOneSnapshot changes the source during the copy.
func TestOneSnapshot(t *testing.T) {
	first, second := testpostgres.New(t), testpostgres.New(t)
	original, _ := sqlitePlace(t)
	copyPlace(t, "sqlite:"+original, first.URL)
	for from, app := range map[string]core.App{
		"sqlite:" + original: testapp.Open(t, original, postgres.Settings{}),
		first.URL:            testapp.Open(t, t.TempDir(), first),
	} {
		to := second.URL
		if from == first.URL {
			to = "sqlite:" + t.TempDir()
		}
		changed, copied := false, int64(0)
		_, err := transfer.Copy(t.Context(), from, to, func(_, table string, done, _ int64) {
			if table == collections.Patients {
				copied = done
			}
			if table == "_migrations" && !changed {
				changed = true
				for _, statement := range []string{"DELETE FROM patients WHERE age = 7", "UPDATE everything SET text = 'changed'"} {
					_, err := app.DB().NewQuery(statement).Execute()
					check(t, err)
				}
			}
		})
		check(t, err)
		if !changed || copied != patients {
			t.Errorf("%s: changed is %v, %d patients", from, changed, copied)
		}
	}
}

// TestFileOpenedDuringCopy opens a source file that no program had open at
// first.
func TestFileOpenedDuringCopy(t *testing.T) {
	settings := testpostgres.New(t)
	original, _ := sqlitePlace(t)
	opened := false
	_, err := transfer.Copy(t.Context(), "sqlite:"+original, settings.URL, func(_, table string, _, _ int64) {
		if table == collections.Patients && !opened {
			opened = true
			app := core.NewBaseApp(core.BaseAppConfig{DataDir: original})
			check(t, app.Bootstrap())
			_, err := app.DB().NewQuery("DELETE FROM patients WHERE age = 7").Execute()
			check(t, err)
			check(t, app.ResetBootstrapState())
		}
	})
	if err == nil || !strings.Contains(err.Error(), "data.db was opened by another program during the copy: copy again") {
		t.Errorf("got %v", err)
	}
	if left := tablesIn(t, settings); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

func TestErrorsContainNoPassword(t *testing.T) {
	empty := t.TempDir()
	const password = "hush-hush"
	for _, places := range [][3]string{
		{"", "sqlite:x", "--from is missing"},
		{"sqlite:" + empty, "", "--to is missing"},
		{"sqlite:", "sqlite:x", "names no data directory"},
		{"mysql://u:" + password + "@h/d", "sqlite:x", "must be sqlite:"},
		{"sqlite:" + empty, "postgres://u:" + password + "@[", "invalid PostgreSQL URL"},
		{"sqlite:" + empty, "postgres://u:" + password + "@127.0.0.1:1/d", "is not a Carebase data directory"},
		{"postgres://u:" + password + "@127.0.0.1:1/d", "sqlite:" + empty + "/new", "cannot be reached"},
		{"postgres://u:" + password + "@127.0.0.1:1", "sqlite:" + empty + "/new", "names no database"},
	} {
		_, err := transfer.Copy(t.Context(), places[0], places[1], quiet)
		if err == nil || !strings.Contains(err.Error(), places[2]) || strings.Contains(err.Error(), password) {
			t.Errorf("%q: got %v", places[2], err)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("files were created: %v %v", entries, err)
	}
}

func TestForeignSourceIsNotChanged(t *testing.T) {
	settings := testpostgres.New(t)
	_, err := transfer.Copy(t.Context(), settings.URL, "sqlite:"+filepath.Join(t.TempDir(), "new"), quiet)
	if err == nil || !strings.Contains(err.Error(), "contains no Carebase data") {
		t.Errorf("got %v", err)
	}
}
