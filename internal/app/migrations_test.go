package app_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
	"carebase/migrations"
)

// TestListsUseTheirIndexes asks SQLite how it would answer what the documented
// API asks: without sorting, and without a look at other people's rows.
func TestListsUseTheirIndexes(t *testing.T) {
	testpostgres.ChooseSQLite(t) // PostgreSQL has a test of its own
	app := testapp.NewApp(t, testapp.Default())
	const (
		newest     = "created_at DESC, length(id) DESC, id DESC"
		byNumber   = "length(id), id"
		assignment = collections.AssignmentClass + ", " + collections.AssignmentPlace + ", id"
	)
	for query, want := range map[string]string{
		`SELECT name FROM patients WHERE created_by = 'x' ORDER BY ` + newest:                               "SEARCH patients USING INDEX idx_patients_owner (created_by=?)",
		`SELECT name FROM patients WHERE created_by = 'x' ORDER BY ` + byNumber:                             "SEARCH patients USING INDEX idx_patients_number (created_by=?)",
		`SELECT name FROM doctors WHERE created_by = 'x' ORDER BY ` + newest:                                "SEARCH doctors USING INDEX idx_doctors_owner (created_by=?)",
		`SELECT name FROM doctors WHERE created_by = 'x' ORDER BY ` + byNumber:                              "SEARCH doctors USING INDEX idx_doctors_owner_number (created_by=?)",
		`SELECT name FROM doctors ORDER BY ` + newest:                                                       "SCAN doctors USING INDEX idx_doctors_created",
		`SELECT name FROM doctors ORDER BY ` + byNumber:                                                     "SCAN doctors USING INDEX idx_doctors_number",
		`SELECT doctor FROM mappings WHERE created_by = 'x' ORDER BY ` + assignment:                         "SEARCH mappings USING INDEX idx_mappings_owner (created_by=?)",
		`SELECT doctor FROM mappings WHERE created_by = 'x' ORDER BY ` + byNumber:                           "SEARCH mappings USING INDEX idx_mappings_number (created_by=?)",
		`SELECT doctor FROM mappings WHERE created_by = 'x' AND patient = 'y' ORDER BY ` + assignment:       "SEARCH mappings USING INDEX idx_mappings_patient (patient=?)",
		`SELECT name FROM doctors ORDER BY name DESC, created_at DESC, length(id) DESC, id DESC`:            "SCAN doctors USING COVERING INDEX idx_doctors_name",
		`SELECT count(*) FROM patients WHERE created_by = 'x'`:                                              "SEARCH patients USING COVERING INDEX idx_patients_age (created_by=?)",
		`SELECT id FROM patients WHERE id = 'x' AND created_by = 'y'`:                                       "SEARCH patients USING INDEX sqlite_autoindex_patients_1 (id=?)",
		`SELECT name FROM patients WHERE created_by = 'x' AND age = 3 ORDER BY ` + newest:                   "SEARCH patients USING INDEX idx_patients_age (created_by=? AND age=?)",
		"SELECT `audit_events`.* FROM `audit_events` ORDER BY `audit_events`.`recorded_at` DESC LIMIT 40":   "SCAN l USING INDEX idx_audit_log_recorded; SEARCH u USING INDEX sqlite_autoindex_users_1 (id=?) LEFT-JOIN; SEARCH superuser USING INDEX sqlite_autoindex__superusers_1 (id=?) LEFT-JOIN; SEARCH s USING INDEX sqlite_autoindex_audit_record_sets_1 (id=?) LEFT-JOIN",
		`SELECT event FROM audit_log WHERE subject IN (SELECT id FROM audit_record_sets) AND subject <> ''`: "SEARCH audit_log USING INDEX idx_audit_log_subject (subject=?); USING INDEX sqlite_autoindex_audit_record_sets_1 FOR IN-OPERATOR",
		`SELECT event FROM audit_log WHERE subject = 'checkpoints' AND subject <> '' ORDER BY id`:           "SEARCH audit_log USING INDEX idx_audit_log_subject (subject=?)",
		`SELECT count(*) FROM users WHERE email = 'x' COLLATE NOCASE`:                                       "SEARCH users USING COVERING INDEX idx_users_email (email=?)",
		`SELECT count(*) FROM blacklisted_tokens WHERE jti = 'x'`:                                           "SEARCH blacklisted_tokens USING COVERING INDEX idx_blacklisted_tokens_jti (jti=?)",
		`SELECT patient FROM patient_changes WHERE owner = 'x' ORDER BY changed_at DESC LIMIT 10`:           "SEARCH patient_changes USING COVERING INDEX patient_changes_owner (owner=?)",
		`SELECT id FROM mappings WHERE doctor = 'x'`:                                                        "SEARCH mappings USING INDEX idx_mappings_doctor (doctor=?)",
		`DELETE FROM blacklisted_tokens WHERE expires_at <= 'x'`:                                            "SEARCH blacklisted_tokens USING INDEX idx_blacklisted_tokens_expiry (expires_at<?)",
	} {
		var plan []struct {
			Detail string `db:"detail"`
		}
		if err := app.DB().NewQuery("EXPLAIN QUERY PLAN " + query).All(&plan); err != nil {
			t.Fatal(err)
		}
		details := make([]string, len(plan))
		for i, step := range plan {
			details[i] = step.Detail
		}
		if got := strings.Join(details, "; "); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	runner := core.NewMigrationsRunner(app, core.AppMigrations)
	count := len(core.AppMigrations.Items())
	if _, err := runner.Down(count); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{collections.Patients, collections.Doctors, collections.Mappings, collections.BlacklistedTokens} {
		if _, err := app.FindCollectionByNameOrId(name); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		t.Fatal(err)
	}
	if users.Fields.GetByName("avatar") == nil {
		t.Error("the users collection is not PocketBase's again")
	}
	if app.Settings().Meta.AppName != "Acme" {
		t.Error("the settings are not PocketBase's again")
	}
	// Two superusers from before one mailbox was one.
	for i, email := range []string{"op@example.com", "OP@example.com"} {
		values := dbx.Params{"id": strings.Repeat("o", 14) + strconv.Itoa(i), "email": email, "password": "none", "tokenKey": strings.Repeat(strconv.Itoa(i), 50)}
		if _, err := app.NonconcurrentDB().Insert(core.CollectionNameSuperusers, values).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := runner.Up(); err != nil {
		t.Fatal(err)
	}
	if _, err := app.FindCollectionByNameOrId(collections.Mappings); err != nil {
		t.Error(err)
	}
	for _, email := range []string{"op@example.com", "OP@example.com"} {
		if found, err := app.FindAuthRecordByEmail(core.CollectionNameSuperusers, email); err != nil || found.Email() != email {
			t.Errorf("%s: got %v, %v", email, found, err)
		}
	}
	restart(t, app, func(*config.Config) {})
	if alike, err := migrations.SuperusersAlike(app); err != nil || strings.Join(alike, " ") != "OP@example.com op@example.com" {
		t.Fatalf("a start changed them: %v, %v", alike, err)
	}
	// One mailbox is one again from the next start on, once the operator has deleted one.
	if _, err := app.NonconcurrentDB().Delete(core.CollectionNameSuperusers, dbx.HashExp{"email": "OP@example.com"}).Execute(); err != nil {
		t.Fatal(err)
	}
	restart(t, app, func(*config.Config) {})
	if found, err := app.FindAuthRecordByEmail(core.CollectionNameSuperusers, "OP@example.com"); err != nil || found.Email() != "op@example.com" {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestEventsOfListsGetTheirSubjectsBack upgrades a database with events whose subjects are in
// lists.
func TestEventsOfListsGetTheirSubjectsBack(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	since := 0
	for _, migration := range core.AppMigrations.Items() {
		if migration.File >= "1770000900_audit_segment_lists.go" {
			since++
		}
	}
	runner := core.NewMigrationsRunner(app, core.AppMigrations)
	if _, err := runner.Down(since); err != nil {
		t.Fatal(err)
	}
	statements := []string{"INSERT INTO audit_log_subjects (last_id, first_id, subjects) VALUES ('b9', 'b1', ' 17:0,2 18:1 ')"}
	want := map[string]string{"b1": "17", "b2": "18", "b3": "17", "b4": "", "b5": "set", "b6": "", "c1": "19"}
	for _, row := range [][3]string{
		{"b1", "", `{"patient":"17"}`}, {"b2", "", `{"patient":"18"}`}, {"b3", "", `{"patient":"17"}`}, {"b4", "", `{"patient":""}`},
		{"b5", "set", `{"patient":"","set":"set"}`}, {"b6", "", "{altered"}, {"c1", "19", `{"patient":"19"}`},
	} {
		statements = append(statements, "INSERT INTO audit_log (id, subject, hash, event) VALUES ('"+row[0]+"', '"+row[1]+"', 'x', '"+row[2]+"')")
	}
	for _, statement := range statements {
		if _, err := app.DB().NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := runner.Up(); err != nil {
		t.Fatal(err)
	}
	for id, subject := range want {
		var got string
		if err := app.DB().Select("subject").From("audit_log").Where(dbx.HashExp{"id": id}).Row(&got); err != nil || got != subject {
			t.Errorf("%s: got %q, want %q: %v", id, got, subject, err)
		}
	}
}

func TestSettingsAreSetOnPurpose(t *testing.T) {
	settings := testapp.NewApp(t, testapp.Default()).Settings()
	if settings.Batch.Enabled || settings.RateLimits.Enabled {
		t.Error("batch and rate limits are for operators to switch on")
	}
	if rules := settings.RateLimits.Rules; len(rules) != 4 || rules[0] != (core.RateLimitRule{Label: "*:auth", MaxRequests: 2, Duration: 3}) {
		t.Errorf("the rate limits are not PocketBase's own: %+v", rules)
	}
	if settings.Logs.MaxDays != 7 || !settings.Logs.LogAuthId || settings.Meta.AppName != "Carebase" {
		t.Errorf("got %+v", settings.Logs)
	}
}
