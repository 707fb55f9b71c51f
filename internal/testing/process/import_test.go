package process

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// djangoClinic is a small deployment of Django's; the password is
// "Harbour-Lantern-2345".
const djangoClinic = `
CREATE TABLE accounts_user (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime NULL, is_superuser bool NOT NULL, email varchar(254) NOT NULL, name varchar(150) NOT NULL, is_active bool NOT NULL);
CREATE TABLE core_patient (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(120) NOT NULL, age integer NOT NULL, gender varchar(10) NOT NULL, created_at datetime NOT NULL, created_by_id bigint NOT NULL REFERENCES accounts_user (id));
CREATE TABLE core_doctor (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(120) NOT NULL, speciality varchar(120) NOT NULL, created_at datetime NOT NULL, created_by_id bigint NOT NULL REFERENCES accounts_user (id));
CREATE TABLE core_patientdoctor (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, assigned_at datetime NOT NULL, doctor_id bigint NOT NULL REFERENCES core_doctor (id), patient_id bigint NOT NULL REFERENCES core_patient (id));
INSERT INTO accounts_user VALUES (3, 'pbkdf2_sha256$1000$fixedSalt123$AITmvQdkXUXaU3I5g9eZ1gamgDDNaRvZPxG04yR5HX4=', NULL, 1, 'ann@clinic.example', 'Ann', 1);
INSERT INTO core_patient VALUES (17, 'Bob', 40, 'm', '2020-01-01 00:00:00', 3);
INSERT INTO core_doctor VALUES (5, 'Dr. Smith', '', '2020-01-01 00:00:00', 3);
INSERT INTO core_patientdoctor VALUES (9, '2020-01-02 00:00:00', 5, 17);`

func djangoDatabase(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	database, err := sql.Open("sqlite", path+"?_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range append([]string{djangoClinic}, statements...) {
		if _, err := database.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// TestImportDjango runs the command as an operator does: first dry, then with
// problems, then for good.
func TestImportDjango(t *testing.T) {
	t.Parallel() // it waits, most of the time
	directory, from := t.TempDir(), djangoDatabase(t)
	run := func(arguments ...string) (string, bool) {
		t.Helper()
		said, err := output(command(t, directory, nil, append([]string{"import", "django"}, arguments...)...))
		return said, err == nil
	}
	expect := func(said string, ok, want bool, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if !strings.Contains(said, line) {
				t.Errorf("%q is not in %s", line, said)
			}
		}
		if ok != want {
			t.Errorf("ended well: %t, with %s", ok, said)
		}
	}
	said, ok := run("--from", from, "--dry-run")
	expect(said, ok, true, "patients  core_patient, 1 rows", "core_patient.gender becomes the field patients.gender", "Nothing was written (--dry-run).")
	broken := djangoDatabase(t, "UPDATE core_patient SET age = -1, created_by_id = 4")
	said, ok = run("--from", broken)
	expect(said, ok, false, "core_patient 17: the age is -1", "core_patient 17: the owner 4 does not exist", "2 problems: nothing was imported")
	said, ok = run("--from", from, "--resolve", "keep-last")
	expect(said, ok, false, "--resolve is \"keep-last\"; it must be keep-first")
	said, ok = run()
	expect(said, ok, false, "--from must be sqlite:FILE")
	if entries, err := os.ReadDir(directory); err != nil || len(entries) > 0 {
		t.Errorf("something was written: %v, %v", entries, err)
	}

	if said, err := output(command(t, directory, nil, "migrate", "up")); err != nil {
		t.Fatal(said)
	}
	said, ok = run("--from", from, "--superusers")
	expect(said, ok, true, "Imported and verified 1 user, 1 patient, 1 doctor, 1 mapping", "has 1 superuser of Django's")
	exported, err := output(command(t, directory, nil, "audit", "export"))
	if err != nil || strings.Count(exported, "carebase import django") != 1 {
		t.Errorf("the trail has %s", exported)
	}
	said, ok = run("--from", from)
	expect(said, ok, false, "core_patient 17: the id is taken")

	server := serve(t, directory, nil)
	ann := testapp.User{Email: "ann@clinic.example"}
	signedIn := server.Must(http.StatusOK, "", "POST", "/api/auth/login/", map[string]any{"email": ann.Email, "password": "Harbour-Lantern-2345"})
	ann.Access, _ = signedIn["access"].(string)
	if patient, doctor := server.Patient(ann, "New"), server.Doctor(ann, "New"); patient != "18" || doctor != "6" || server.Mapping(ann, patient, doctor) != "10" {
		t.Errorf("after those of Django come the patient %s and the doctor %s", patient, doctor)
	}
	if bob := server.SignUp("bob"); bob.ID != "4" {
		t.Errorf("after Django's users comes %s", bob.ID)
	}
}
