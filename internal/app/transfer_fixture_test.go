package app_test

import (
	"database/sql"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/postgres"
	"carebase/internal/postgres/transfer"
	"carebase/internal/sequence"
	"carebase/internal/simplejwt"
)

const (
	email    = "ann@example.com"
	password = "choose-a-good-one"
	patients = 3000
	logs     = 6000
)

// sqlitePlace returns a closed data directory with everything that a copy must
// preserve, and a token of its user.
func sqlitePlace(t *testing.T) (directory, token string) {
	t.Helper()
	directory = t.TempDir()
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory})
	check(t, app.Bootstrap())
	check(t, app.RunAllMigrations())
	users, err := app.FindCollectionByNameOrId(collections.Users)
	check(t, err)
	user := core.NewRecord(users)
	user.Set("name", "Ann")
	user.SetEmail(email)
	user.SetPassword(password)
	check(t, app.Save(user))
	token, err = user.NewAuthToken()
	check(t, err)
	token, _, err = simplejwt.StartNativeSession(t.Context(), app, user, token, simplejwt.Agent{})
	check(t, err)
	fillSystemTables(t, app, user)
	fillPatients(t, app, user)
	fillEverything(t, app, user)
	_, err = app.NonconcurrentDB().NewQuery("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)").Execute()
	check(t, err)
	check(t, app.ResetBootstrapState())
	return directory, token
}

func fillSystemTables(t *testing.T, app core.App, user *core.Record) {
	t.Helper()
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	check(t, err)
	superuser := core.NewRecord(superusers)
	superuser.SetEmail("operator@example.com")
	superuser.SetPassword(password)
	check(t, app.Save(superuser))
	external := core.NewExternalAuth(app)
	external.SetCollectionRef(user.Collection().Id)
	external.SetRecordRef(user.Id)
	external.SetProvider("github")
	external.SetProviderId("0042")
	check(t, app.SaveNoValidate(external))
	mfa := core.NewMFA(app)
	mfa.SetCollectionRef(user.Collection().Id)
	mfa.SetRecordRef(user.Id)
	mfa.SetMethod("otp")
	check(t, app.SaveNoValidate(mfa))
	otp := core.NewOTP(app)
	otp.SetCollectionRef(user.Collection().Id)
	otp.SetRecordRef(user.Id)
	otp.SetPassword("123456")
	check(t, app.SaveNoValidate(otp))
	origin := core.NewAuthOrigin(app)
	origin.SetCollectionRef(user.Collection().Id)
	origin.SetRecordRef(user.Id)
	origin.SetFingerprint("0e42")
	check(t, app.SaveNoValidate(origin))
	fillLogs(t, app)
}

// fillLogs creates enough logs for PostgreSQL to build their index in parallel.
func fillLogs(t *testing.T, app core.App) {
	t.Helper()
	padding := strings.Repeat("x", 1500)
	check(t, app.AuxRunInTransaction(func(app core.App) error {
		for i := range logs {
			_, err := app.AuxDB().Insert("_logs", dbx.Params{
				"id": fmt.Sprintf("log%012d", i), "level": 4, "message": "it's \"fine\"\n",
				"data": fmt.Sprintf(`{"n":%d.50,"padding":%q}`, i, padding), "created": types.NowDateTime().String(),
			}).Execute()
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// fillPatients gives all patients the same time, so that only their numbers
// distinguish them.
func fillPatients(t *testing.T, app core.App, user *core.Record) {
	t.Helper()
	check(t, app.RunInTransaction(func(app core.App) error {
		for i := range patients {
			_, err := app.DB().Insert(collections.Patients, dbx.Params{
				"id": strconv.Itoa(i + 1), "created_by": user.Id, "created_at": "2026-01-02 03:04:05.678Z",
				"name": fmt.Sprintf("Patient %d", i), "age": i % 100, "notes": "",
			}).Execute()
			if err != nil {
				return err
			}
		}
		return sequence.New(false).Raise(t.Context(), app, collections.Patients, patients)
	}))
}

// fillEverything creates a collection with all types of fields, a view of it, a
// view of the view, and rows with unusual values.
func fillEverything(t *testing.T, app core.App, user *core.Record) {
	t.Helper()
	everything := core.NewBaseCollection("everything")
	everything.Fields.Add(
		&core.TextField{Name: "text", Max: 10 << 20}, &core.EditorField{Name: "editor", MaxSize: 10 << 20}, &core.NumberField{Name: "number"},
		&core.BoolField{Name: "bool"}, &core.EmailField{Name: "email"}, &core.URLField{Name: "url"}, &core.DateField{Name: "date"},
		&core.AutodateField{Name: "created", OnCreate: true}, &core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		&core.SelectField{Name: "one", MaxSelect: 1, Values: []string{"a", "b"}}, &core.SelectField{Name: "many", MaxSelect: 3, Values: []string{"a", "b", "c"}},
		&core.FileField{Name: "file", MaxSelect: 1}, &core.FileField{Name: "files", MaxSelect: 3},
		&core.RelationField{Name: "relation", CollectionId: user.Collection().Id, MaxSelect: 1},
		&core.RelationField{Name: "relations", CollectionId: user.Collection().Id, MaxSelect: 3},
		&core.JSONField{Name: "json", MaxSize: 10 << 20}, &core.GeoPointField{Name: "place"}, &core.PasswordField{Name: "secret"},
		&core.TextField{Name: "order"}, &core.TextField{Name: "MixedCase"}, &core.TextField{Name: "long_" + strings.Repeat("x", 80)},
	)
	everything.AddIndex("idx_everything_text", false, "`number` DESC, [[date]]", "`bool` = FALSE")
	everything.AddIndex("idx_everything_email", true, "`email` COLLATE NOCASE", "`email` != ''")
	check(t, app.Save(everything))
	for i := range 300 {
		record := core.NewRecord(everything)
		record.Load(map[string]any{
			"text": oddTexts[i%len(oddTexts)], "editor": "<p>ü</p>", "number": oddNumbers[i%len(oddNumbers)], "bool": i%2 == 0,
			"email": fmt.Sprintf("Mixed%d@Example.com", i), "url": "https://example.com/?q=1", "date": oddDates[i%len(oddDates)],
			"one": "a", "many": []string{"c", "a"}, "file": "a_x1.txt", "files": []string{"b_1.txt", "ä.txt"}, "relation": user.Id,
			"relations": []string{user.Id}, "json": types.JSONRaw(oddJSON[i%len(oddJSON)]), "place": map[string]any{"lon": 23.32, "lat": 42.7},
			"order": "1", "MixedCase": "x", "long_" + strings.Repeat("x", 80): "long",
		})
		if i == 0 {
			record.Set("secret", "hidden-hidden")
			record.Set("editor", strings.Repeat("é'\\\"\n", 500_000))
		}
		check(t, app.SaveNoValidate(record))
	}
	empty := core.NewRecord(everything)
	empty.Set("email", "")
	check(t, app.SaveNoValidate(empty))
	// As older versions of PocketBase wrote rows: JSON null is NULL.
	_, err := app.DB().NewQuery("UPDATE everything SET json = NULL WHERE id = {:id}").Bind(dbx.Params{"id": empty.Id}).Execute()
	check(t, err)
	makeView(t, app, "z_summary", "SELECT id, text, number FROM everything")
	makeView(t, app, "a_summary", "SELECT id, (text || '!') AS loud FROM z_summary")
}

func makeView(t *testing.T, app core.App, name, query string) {
	t.Helper()
	view := core.NewViewCollection(name)
	view.ViewQuery = query
	check(t, app.Save(view))
}

var (
	oddTexts   = []string{"", " ", "null", "0", "007", "1.50", "it's", `back\slash`, "tab\tline\r\n", "😀é", "{}", "'; DROP TABLE users; --", "?", "\u200b", "\x01"}
	oddNumbers = []float64{0, -1, 0.1, 1.0 / 3, 1e15, 1e18, 9007199254740992, 1e300, 5e-324, -math.MaxFloat64, 42}
	oddDates   = []string{"", "2026-01-02 03:04:05.678Z", "0001-01-01 00:00:00.000Z", "9999-12-31 23:59:59.999Z"}
	oddJSON    = []string{`{}`, `[]`, `""`, `"text"`, `1`, `1.50`, `-0.0`, `1e5`, `true`, `null`, `[1,"2",{"a":[null]}]`, `{"b": 1,  "a": 2}`, `"\u0000"`, `12345678901234567890`, `"12"`}
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quiet(string, string, int64, int64) {}

// copyPlace copies or fails the test.
func copyPlace(t *testing.T, from, to string) transfer.Summary {
	t.Helper()
	summary, err := transfer.Copy(t.Context(), from, to, quiet)
	check(t, err)
	return summary
}

// tablesIn lists PocketBase's tables in a PostgreSQL database.
func tablesIn(t *testing.T, settings postgres.Settings) []string {
	t.Helper()
	database, err := postgres.New(settings)
	check(t, err)
	var tables []string
	for _, file := range []string{"data.db", "auxiliary.db"} {
		connection, err := database.Connect(file)
		check(t, err)
		var found []string
		check(t, connection.NewQuery("SELECT name FROM sqlite_master").Column(&found))
		check(t, connection.Close())
		tables = append(tables, found...)
	}
	return tables
}

// dump returns every value of every table in row order, in SQLite's notation,
// and the definitions of indexes and views. Bytes and texts look the same. What is
// derived from other tables is left out.
func dump(t *testing.T, directory, file string) []string {
	t.Helper()
	database, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(directory, file)}).String())
	check(t, err)
	defer database.Close()
	var lines []string
	query := func(statement string) (found []string) {
		rows, err := database.Query(statement)
		check(t, err)
		defer rows.Close()
		for rows.Next() {
			var line string
			check(t, rows.Scan(&line))
			found = append(found, line)
		}
		check(t, rows.Err())
		return found
	}
	const derived = "(name GLOB '*_search' OR name GLOB '*_search_*' OR name GLOB 'record_counts*' OR name GLOB 'patient_changes*')"
	for _, table := range query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND NOT " + derived + " ORDER BY name") {
		columns := query("SELECT name FROM pragma_table_info('" + table + "') ORDER BY name")
		for i, column := range columns {
			columns[i] = fmt.Sprintf("CASE typeof(`%[1]s`) WHEN 'blob' THEN quote(CAST(`%[1]s` AS TEXT)) ELSE quote(`%[1]s`) END", column)
		}
		lines = append(lines, query("SELECT '"+table+"' || ' ' || name || ' ' || type || ' ' || \"notnull\" || ' ' || pk || ' ' || coalesce(dflt_value, '-') FROM pragma_table_info('"+table+"') ORDER BY cid")...)
		lines = append(lines, query("SELECT '"+table+" ' || "+strings.Join(columns, " || ' ' || ")+" FROM `"+table+"` ORDER BY rowid")...)
	}
	definitions := query("SELECT sql FROM sqlite_master WHERE type != 'table' AND sql IS NOT NULL AND NOT " + derived)
	slices.Sort(definitions)
	lines = append(lines, definitions...)
	return append(lines, query("PRAGMA integrity_check")...)
}
