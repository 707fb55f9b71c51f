package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/testing/testapp"
)

// sequencesFile is the migration that numbers records.
const sequencesFile = "1768000000_sequences.go"

// The ids of records as the release before numbers made them, and of a mapping that
// was imported.
const (
	oldUser, oldPatient, oldDoctor = "u8w2e4r6t0y1i3o", "p3v9x0q2m7n1p5s", "d2f4g6h8j0k1l3z"
	oldMapping, laterOldMapping    = "z5b7c9d1f3g5h7j", "a5b7c9d1f3g5h7j"
	importedMapping                = "41"
)

// fillBefore takes a database back to before records were numbered, and writes what
// that release would have written.
func fillBefore(t *testing.T, app core.App) {
	t.Helper()
	var since int
	for _, migration := range core.AppMigrations.Items() {
		if migration.File >= sequencesFile {
			since++
		}
	}
	runner := core.NewMigrationsRunner(app, core.AppMigrations)
	if _, err := runner.Down(since); err != nil {
		t.Fatal(err)
	}
	password, err := bcrypt.GenerateFromPassword([]byte(testapp.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	const day = "2025-03-0"
	for _, row := range []struct {
		table  string
		values dbx.Params
	}{
		{"users", dbx.Params{"id": oldUser, "name": "Alice", "email": "alice@example.com", "password": string(password), "tokenKey": strings.Repeat("k", 50), "verified": false}},
		{"patients", dbx.Params{"id": oldPatient, "name": "Anna", "age": 30, "created_by": oldUser, "created_at": day + "1 10:00:00.000Z"}},
		{"doctors", dbx.Params{"id": oldDoctor, "name": "House", "created_by": oldUser, "created_at": day + "1 10:00:00.000Z"}},
		{"doctors", dbx.Params{"id": "7", "name": "Wilson", "created_by": oldUser, "created_at": day + "1 10:00:00.000Z"}},
		{"doctors", dbx.Params{"id": "12", "name": "Cuddy", "created_by": oldUser, "created_at": day + "1 10:00:00.000Z"}},
		{"mappings", dbx.Params{"id": oldMapping, "patient": oldPatient, "doctor": oldDoctor, "created_by": oldUser, "created_at": day + "2 10:00:00.000Z", "assigned_at": day + "2 10:00:00.000Z"}},
		{"mappings", dbx.Params{"id": laterOldMapping, "patient": oldPatient, "doctor": "7", "created_by": oldUser, "created_at": day + "3 10:00:00.000Z", "assigned_at": day + "3 10:00:00.000Z"}},
		{"mappings", dbx.Params{"id": importedMapping, "patient": oldPatient, "doctor": "12", "created_by": oldUser, "created_at": day + "1 10:00:00.000Z", "assigned_at": day + "1 10:00:00.000Z"}},
	} {
		if _, err := app.DB().Insert(row.table, row.values).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := runner.Up(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordsFromBeforeNumbersKeepTheirIDs(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	fillBefore(t, app)
	server := testapp.Serve(t, app)
	alice := testapp.User{ID: oldUser, Email: "alice@example.com"}
	server.SignIn(&alice)
	patient := server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+oldPatient+"/", nil)
	if patient["id"] != oldPatient || patient["created_by"] != oldUser {
		t.Errorf("got %v", patient)
	}
	created := server.Must(http.StatusCreated, alice.Access, "POST", "/api/patients/", map[string]any{"name": "Berta", "age": 3})
	if created["id"] != 1.0 || created["created_by"] != oldUser {
		t.Errorf("got %v", created)
	}
	for _, body := range []map[string]any{{"patient": 1, "doctor": 7}, {"patient": "1", "doctor": oldDoctor}} {
		server.Must(http.StatusCreated, alice.Access, "POST", "/api/mappings/", body)
	}
	if next := server.Doctor(alice, "Foreman"); next != "13" {
		t.Errorf("the doctor after 12 is %s", next)
	}
	if bob := server.SignUp("bob"); bob.ID != "1" {
		t.Errorf("the first user with a number is %s", bob.ID)
	}
	for path, want := range map[string][]string{
		"/api/mappings/" + oldPatient + "/":              {oldMapping, laterOldMapping, importedMapping},
		"/api/mappings/?doctor=" + oldDoctor + "&page=1": {oldMapping, "43"},
		"/api/doctors/?ordering=-id":                     {oldDoctor, "13", "12", "7"},
		"/api/patients/":                                 {"1", oldPatient},
	} {
		var ids []string
		response := server.Call(alice.Access, "GET", path, nil)
		text := strings.TrimSuffix(response.Body[strings.Index(response.Body, "["):], "}")
		for _, object := range (testapp.Response{Body: text}).List(server) {
			ids = append(ids, testapp.ID(object["id"]))
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%s: got %v, want %v", path, ids, want)
		}
	}
	server.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/mappings/detail/"+oldMapping+"/", nil)
	server.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/patients/"+oldPatient+"/", nil)
}
