package app_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/audit"
	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestRoundTripFromPostgreSQL copies a deployment that began on PostgreSQL.
func TestRoundTripFromPostgreSQL(t *testing.T) {
	first, second := testpostgres.New(t), testpostgres.New(t)
	original := testapp.Open(t, t.TempDir(), first)
	check(t, original.RunAllMigrations())
	server := testapp.Serve(t, original)
	user, operator := server.SignUp("ann"), server.Superuser()
	patient := server.Patient(user, "Marie")
	server.Must(200, user.Access, "GET", "/api/patients/"+patient+"/", nil)
	server.Must(200, operator, "POST", "/api/collections", map[string]any{
		"name": "wards", "type": "base", "fields": []any{map[string]any{"name": "name", "type": "text"}},
		"indexes": []string{"create unique  index if not exists idx_ward_names on wards (name COLLATE NOCASE) -- one each\n"},
	})
	server.Must(200, operator, "POST", "/api/collections/wards/records", map[string]any{"name": "North"})
	_, err := original.AuxDB().Insert("_logs", dbx.Params{"id": "log000000000001", "level": 4, "message": "GET /", "data": "{}", "created": types.NowDateTime().String()}).Execute()
	check(t, err)
	check(t, audit.Flush(t.Context(), original))

	there, again := filepath.Join(t.TempDir(), "there"), filepath.Join(t.TempDir(), "again")
	copyPlace(t, first.URL, "sqlite:"+there)
	copyPlace(t, "sqlite:"+there, second.URL)
	copyPlace(t, second.URL, "sqlite:"+again)
	for _, file := range []string{"data.db", "auxiliary.db"} {
		if want, got := dump(t, there, file), dump(t, again, file); !slices.Equal(got, want) {
			t.Errorf("%s: got %.300q, want %.300q", file, got, want)
		}
	}
	for name, app := range map[string]core.App{
		"SQLite": testapp.Open(t, there, postgres.Settings{}), "PostgreSQL": testapp.Open(t, t.TempDir(), second),
	} {
		t.Run(name, func(t *testing.T) {
			check(t, app.RunAllMigrations())
			sameRecords(t, original, app)
			if verified, err := audit.Verify(t.Context(), app, nil); err != nil || verified.Events == 0 {
				t.Errorf("%d audit events, %v", verified.Events, err)
			}
			server := testapp.Serve(t, app)
			if list := server.Call(user.Access, "GET", "/api/patients/", nil).List(server); len(list) != 1 || list[0]["name"] != "Marie" {
				t.Errorf("the patients are %v", list)
			}
			// Its index has come along.
			server.Must(400, operator, "POST", "/api/collections/wards/records", map[string]any{"name": "NORTH"})
			var logged string
			check(t, app.AuxDB().NewQuery("SELECT message FROM _logs WHERE id = 'log000000000001'").Row(&logged))
			if logged != "GET /" {
				t.Errorf("the log is %q", logged)
			}
		})
	}
}

// TestDefinitionsAreCopiedAsTheCatalogHasThem creates indexes and a view with what
// SQLite's catalog leaves out.
func TestDefinitionsAreCopiedAsTheCatalogHasThem(t *testing.T) {
	statements := []string{
		"CREATE  INDEX /* age */ IF NOT EXISTS `idx_ages` ON patients (age) -- only the age\n ",
		"create unique\nindex main.[idx_both] on patients  (id, age) ;",
		"CREATE  VIEW /* names */ main.\"names\" AS SELECT id,  name FROM patients -- all",
	}
	want := []string{"CREATE INDEX `idx_ages` ON patients (age)", "CREATE UNIQUE INDEX [idx_both] on patients  (id, age)", "CREATE VIEW \"names\" AS SELECT id,  name FROM patients"}
	began, moved := testpostgres.New(t), testpostgres.New(t)
	ended, file := filepath.Join(t.TempDir(), "ended"), t.TempDir()
	onPostgreSQL, onSQLite := testapp.Open(t, t.TempDir(), began), testapp.Open(t, file, postgres.Settings{})
	for _, app := range []core.App{onPostgreSQL, onSQLite} {
		check(t, app.RunAllMigrations())
		for _, statement := range statements {
			_, err := app.NonconcurrentDB().NewQuery(statement).Execute()
			check(t, err)
		}
	}
	if got := definitions(t, onPostgreSQL); !slices.Equal(got, want) {
		t.Errorf("created on PostgreSQL: got %q, want %q", got, want)
	}
	// As older versions noted them.
	comment := "COMMENT ON INDEX idx_ages IS 'CREATE  INDEX IF NOT EXISTS `idx_ages` ON patients (age)'"
	_, err := onPostgreSQL.NonconcurrentDB().NewQuery(comment).WithContext(postgres.Native(t.Context())).Execute()
	check(t, err)
	copyPlace(t, began.URL, "sqlite:"+ended)
	copyPlace(t, "sqlite:"+file, moved.URL)
	for name, app := range map[string]core.App{"to SQLite": testapp.Open(t, ended, postgres.Settings{}), "to PostgreSQL": testapp.Open(t, t.TempDir(), moved)} {
		if got := definitions(t, app); !slices.Equal(got, want) {
			t.Errorf("copied %s: got %q, want %q", name, got, want)
		}
	}
}

func definitions(t *testing.T, app core.App) []string {
	t.Helper()
	var found []string
	check(t, app.DB().NewQuery("SELECT sql FROM sqlite_master WHERE name IN ('idx_ages', 'idx_both', 'names') ORDER BY name").Column(&found))
	return found
}
