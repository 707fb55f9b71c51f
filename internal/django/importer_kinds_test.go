package django_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/django/importer"
	"carebase/internal/testing/testapp"
)

// otherSchema is a deployment with Django's own users, other apps and names, and
// columns that Carebase does not have.
const otherSchema = `
CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL);
CREATE TABLE "patients_patient" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(100) NOT NULL, "age" integer NOT NULL, "gender" varchar(10) NOT NULL, "phone" varchar(15) NOT NULL, "contact_email" varchar(254) NULL, "weight" decimal NULL, "insured" bool NOT NULL, "born" date NULL, "vitals" text NOT NULL CHECK ((JSON_VALID("vitals") OR "vitals" IS NULL)), "ssn" bigint NULL, "updated" datetime NOT NULL, "photo" BLOB NULL, "primary_doctor_id" bigint NULL REFERENCES "doctors_doctor" ("id"), "user_id" integer NOT NULL REFERENCES "auth_user" ("id"), "updated_by_id" integer NULL REFERENCES "auth_user" ("id"), "created" datetime NOT NULL, "expand" varchar(3) NOT NULL, "card" char(32) NULL, "smoking_status" varchar(10) NOT NULL);
CREATE TABLE "doctors_doctor" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "first_name" varchar(50) NOT NULL, "last_name" varchar(50) NOT NULL, "specialization" varchar(100) NOT NULL, "website" varchar(200) NOT NULL, "added_by_id" integer NULL REFERENCES "auth_user" ("id"));
CREATE TABLE "mappings_patientdoctormapping" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "doctor_id" bigint NOT NULL REFERENCES "doctors_doctor" ("id"), "patient_id" bigint NOT NULL REFERENCES "patients_patient" ("id"), "remark" text NOT NULL, "created_at" datetime NOT NULL);
CREATE TABLE "appointments_appointment" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "doctor_id" bigint NOT NULL REFERENCES "doctors_doctor" ("id"), "patient_id" bigint NOT NULL REFERENCES "patients_patient" ("id"), "date" datetime NOT NULL, "status" varchar(20) NOT NULL, "reason" text NOT NULL);
CREATE VIEW "patients_summary" AS SELECT id, name FROM patients_patient;
INSERT INTO auth_user VALUES
	(1, '!', NULL, 1, 'root', '', 'root@clinic.example', 1, 1, '2020-01-01 00:00:00', ''),
	(2, '!', NULL, 0, 'ann', 'Lee', 'ann@clinic.example', 0, 1, '2020-01-02 00:00:00', 'Ann');
INSERT INTO patients_patient VALUES
	(1, 'One', 30, 'male', '0555', 'one@x.example', 70.5, 1, '1990-05-06', '{"b": 1.50, "a": [true, null]}', 9007199254740993, '2021-01-01 00:00:00', x'00ff', 4, 2, 1, '2020-05-01 00:00:00', 'x', '0d1c3c1e111142228333000000000017', 'never'),
	(2, 'Two', 40, 'female', '0556', NULL, NULL, 0, NULL, '{}', NULL, '2021-01-01 00:00:00', NULL, NULL, 1, NULL, '2020-05-02 00:00:00', 'x', NULL, 'never'),
	(3, 'Three', 50, 'male', '0557', '', 80, 1, '1970-01-01', '[]', 5, '2021-01-01 00:00:00', NULL, NULL, 1, NULL, '2020-05-03 00:00:00', 'x', NULL, 'now'),
	(4, 'Four', 60, 'female', '0558', NULL, 0, 0, NULL, 'null', NULL, '2021-01-01 00:00:00', NULL, NULL, 1, NULL, '2020-05-04 00:00:00', 'x', NULL, 'now');
INSERT INTO doctors_doctor VALUES (4, 'Grace', 'Hopper', 'Cardiology', 'https://grace.example', 2), (5, 'Nobody''s', 'Doctor', 'Surgery', '', NULL);
INSERT INTO mappings_patientdoctormapping VALUES (9, 4, 1, 'see me', '2022-01-01 00:00:00');
INSERT INTO appointments_appointment VALUES (1, 4, 1, '2022-01-01 00:00:00', 'open', 'x');
`

func TestImportOfAnotherDeployment(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	_, said := move(t, app, importer.Options{From: newSource(t, otherSchema)})
	for _, want := range []string{
		"users     auth_user, 2 rows", "patients  patients_patient, 4 rows", "doctors   doctors_doctor, 2 rows", "mappings  mappings_patientdoctormapping, 1 rows",
		"speciality comes from specialization", "name comes from first_name and last_name",
		"patients_patient.photo: binary data", "patients_patient.expand: the name cannot be a field's",
		"appointments_appointment, 1 rows: Carebase has nothing like it", "1 users without a name get their username",
		"Doctors without an owner become those of the superuser 1",
		"patients_patient.weight becomes the field patients.weight (number); 1 that have none get 0",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	expect(t, app, `SELECT id || '|' || name || '|' || username || '|' || created AS row FROM users ORDER BY id`,
		"1|root|root|2020-01-01 00:00:00.000Z", "2|Ann Lee|ann|2020-01-02 00:00:00.000Z")
	expect(t, app, `SELECT created_by || '|' || created_at || '|' || gender || '|' || phone || '|' || contact_email || '|' || weight || '|' || born || '|' || ssn || '|' || updated || '|' || primary_doctor || '|' || updated_by || '|' || card AS row FROM patients WHERE insured = true ORDER BY id`,
		"2|2020-05-01 00:00:00.000Z|male|0555|one@x.example|70.5|1990-05-06 00:00:00.000Z|9007199254740993|2021-01-01 00:00:00.000Z|4|1|0d1c3c1e-1111-4222-8333-000000000017",
		"1|2020-05-03 00:00:00.000Z|male|0557||80|1970-01-01 00:00:00.000Z|5|2021-01-01 00:00:00.000Z|0|0|")
	expect(t, app, `SELECT id || '|' || name || '|' || speciality || '|' || specialization || '|' || website || '|' || created_by AS row FROM doctors ORDER BY id`,
		"4|Grace Hopper|Cardiology|Cardiology|https://grace.example|2", "5|Nobody's Doctor|Surgery|Surgery||1")
	expect(t, app, `SELECT id || '|' || patient || '|' || doctor || '|' || remark || '|' || created_by || '|' || assigned_at AS row FROM mappings`, "9|1|4|see me|2|2022-01-01 00:00:00.000Z")
	for name, want := range map[string]string{
		"gender": core.FieldTypeSelect, "phone": core.FieldTypeText, "contact_email": core.FieldTypeEmail, "weight": core.FieldTypeNumber, "insured": core.FieldTypeBool,
		"born": core.FieldTypeDate, "vitals": core.FieldTypeJSON, "ssn": core.FieldTypeText, "updated": core.FieldTypeDate, "primary_doctor": core.FieldTypeNumber,
		"card": core.FieldTypeText, "smoking_status": core.FieldTypeSelect,
	} {
		lookAtField(t, app, "patients", name, want, false)
	}
	lookAtField(t, app, "doctors", "website", core.FieldTypeURL, false)
	lookAtField(t, app, "users", "username", core.FieldTypeText, true)
	records, err := app.FindAllRecords("patients")
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		if err := app.Validate(record); err != nil {
			t.Errorf("%s: %v", record.Id, err)
		}
	}
}

func lookAtField(t *testing.T, app core.App, collection, name, want string, hidden bool) {
	t.Helper()
	found, err := app.FindCollectionByNameOrId(collection)
	if err != nil {
		t.Fatal(err)
	}
	field := found.Fields.GetByName(name)
	if field == nil || field.Type() != want || field.GetHidden() != hidden {
		t.Errorf("%s.%s: got %v, want %s", collection, name, field, want)
	}
}

func TestOnlyDocumented(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	_, said := move(t, app, importer.Options{From: newSource(t, otherSchema), OnlyDocumented: true})
	if !strings.Contains(said, "patients_patient.gender: --only-documented") {
		t.Error(said)
	}
	collection, err := app.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	if collection.Fields.GetByName("gender") != nil {
		t.Error("gender is a field")
	}
	expect(t, app, `SELECT speciality AS row FROM doctors ORDER BY id`, "Cardiology", "Surgery")
}

// TestDumpdataOfAnotherDeployment has foreign keys that only their names tell.
func TestDumpdataOfAnotherDeployment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dump.json")
	const dump = `[
	{"model": "members.clinicuser", "pk": 4, "fields": {"password": "!", "last_login": null, "is_superuser": false, "email": "a@clinic.example", "first_name": "A", "last_name": "B", "is_active": true, "date_joined": "2020-01-01T00:00:00Z"}},
	{"model": "records.patientprofile", "pk": 10, "fields": {"full_name": "Pat", "age": 5, "gender": "x", "weight": 12.5, "tags": ["a"], "extra": {"k": 1}, "owner": 4, "since": "2020-01-01", "primary_physician": null}},
	{"model": "staff.doctor", "pk": 11, "fields": {"name": "Doc", "specialty": "Skin", "user": 4, "created_at": "2020-01-01T00:00:00.5+02:00"}},
	{"model": "care.assignment", "pk": 12, "fields": {"patient": 10, "doctor": 11, "assigned_on": "2021-01-01"}},
	{"model": "care.visit", "pk": 13, "fields": {"patient": 10, "doctor": 11, "reason": "x", "cost": 5, "room": "2"}}]`
	if err := os.WriteFile(path, []byte(dump), 0o600); err != nil {
		t.Fatal(err)
	}
	app := testapp.NewApp(t, testapp.Default())
	move(t, app, importer.Options{From: path})
	expect(t, app, `SELECT id || '|' || name || '|' || age || '|' || created_by || '|' || weight || '|' || since AS row FROM patients`, "10|Pat|5|4|12.5|2020-01-01 00:00:00.000Z")
	expect(t, app, `SELECT id || '|' || speciality || '|' || created_by || '|' || created_at AS row FROM doctors`, "11|Skin|4|2019-12-31 22:00:00.500Z")
	expect(t, app, `SELECT patient || '|' || doctor || '|' || assigned_at AS row FROM mappings`, "10|11|2021-01-01 00:00:00.000Z")
}

// TestDumpdataOwnerByValues has an owner whose name says nothing.
func TestDumpdataOwnerByValues(t *testing.T) {
	const dump = `[
	{"model": "a.member", "pk": 400, "fields": {"password": "!", "last_login": null, "email": "a@clinic.example", "name": "A", "is_active": true}},
	{"model": "a.member", "pk": 401, "fields": {"password": "!", "last_login": null, "email": "b@clinic.example", "name": "B", "is_active": true}},
	{"model": "a.patient", "pk": 1, "fields": {"name": "P", "age": 5, "room": 400, "responsible": 401}},
	{"model": "a.patient", "pk": 2, "fields": {"name": "Q", "age": 5, "room": 12, "responsible": 400}}]`
	path := filepath.Join(t.TempDir(), "dump.json")
	if err := os.WriteFile(path, []byte(dump), 0o600); err != nil {
		t.Fatal(err)
	}
	app := testapp.NewApp(t, testapp.Default())
	move(t, app, importer.Options{From: path})
	expect(t, app, `SELECT id || '|' || created_by || '|' || room AS row FROM patients ORDER BY id`, "1|401|400", "2|400|12")
}

// TestTablesAreNamed uses the flags where there are two of a kind.
func TestTablesAreNamed(t *testing.T) {
	const second = `CREATE TABLE archive_patient (id integer NOT NULL PRIMARY KEY, name varchar(120) NOT NULL, age integer NOT NULL, notes text NOT NULL, created_at datetime NOT NULL, created_by_id bigint NOT NULL REFERENCES accounts_user (id));
		CREATE TABLE archive_patientdoctor (id integer NOT NULL PRIMARY KEY, assigned_at datetime NOT NULL, doctor_id bigint NOT NULL REFERENCES core_doctor (id), patient_id bigint NOT NULL REFERENCES archive_patient (id))`
	from := newSource(t, clinicSchema, clinicRows, second)
	_, _, err := prepare(t, testapp.NewApp(t, testapp.Default()), importer.Options{From: from})
	if want := "which table has the patients cannot be told: archive_patient, core_patient; say it with --patients"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	summary, _ := move(t, testapp.NewApp(t, testapp.Default()), importer.Options{From: from, Tables: importer.Tables{Patients: "core_patient"}})
	if summary.Patients != 2 || summary.Mappings != 2 {
		t.Errorf("got %v", summary)
	}
}
