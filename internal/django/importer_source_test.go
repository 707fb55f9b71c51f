package django_test

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// newSource makes a SQLite file of Django's and returns its place.
func newSource(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	database, err := sql.Open("sqlite", path+"?_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := database.Exec(statement); err != nil {
			t.Fatalf("%v in %.200s", err, statement)
		}
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// clinicSchema is that of the documented backend, as Django makes it.
const clinicSchema = `
CREATE TABLE django_migrations (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied datetime NOT NULL);
CREATE TABLE "accounts_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "email" varchar(254) NOT NULL UNIQUE, "name" varchar(150) NOT NULL, "is_active" bool NOT NULL, "is_staff" bool NOT NULL, "created_at" datetime NOT NULL);
CREATE TABLE "core_patient" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(120) NOT NULL, "age" integer unsigned NOT NULL CHECK ("age" >= 0), "notes" text NOT NULL, "created_at" datetime NOT NULL, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "core_doctor" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(120) NOT NULL, "speciality" varchar(120) NOT NULL, "created_at" datetime NOT NULL, "created_by_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "core_patientdoctor" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "assigned_at" datetime NOT NULL, "doctor_id" bigint NOT NULL REFERENCES "core_doctor" ("id") DEFERRABLE INITIALLY DEFERRED, "patient_id" bigint NOT NULL REFERENCES "core_patient" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "token_blacklist_outstandingtoken" ("token" text NOT NULL, "created_at" datetime NULL, "expires_at" datetime NOT NULL, "user_id" bigint NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "jti" varchar(255) NOT NULL UNIQUE, "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT);
CREATE TABLE "token_blacklist_blacklistedtoken" ("blacklisted_at" datetime NOT NULL, "token_id" bigint NOT NULL UNIQUE REFERENCES "token_blacklist_outstandingtoken" ("id") DEFERRABLE INITIALLY DEFERRED, "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT);
`

// clinicRows are a few people; the passwords are "Harbour-Lantern-2345" with little
// work, and unusable.
const clinicRows = `
INSERT INTO accounts_user VALUES
	(1, 'pbkdf2_sha256$1000$fixedSalt123$AITmvQdkXUXaU3I5g9eZ1gamgDDNaRvZPxG04yR5HX4=', NULL, 1, 'admin@clinic.example', 'Site Administrator', 1, 1, '2018-01-19 13:55:42.365999'),
	(5, '!unusable', '2024-02-29 12:00:00', 0, 'Maria.Garcia@clinic.example', 'María García', 0, 0, '2018-12-31 23:59:59.999999');
INSERT INTO core_patient VALUES
	(3, ' <b>Ann</b> ', 0, 'NULL' || char(13, 10) || '\N', '2020-02-29 12:00:00', 5),
	(3000000017, 'Bob', 2147483647, '', '2019-08-11 10:00:59.30014', 1);
INSERT INTO core_doctor VALUES (2, 'Dr. Smith', '', '2021-01-01 00:00:00.0005', 5), (900, 'Dr. Smith', 'Cardiology', '2021-01-02 00:00:00', 1);
INSERT INTO core_patientdoctor VALUES (7, '2022-03-04 05:06:07.891234', 900, 3), (8, '2022-03-04 05:06:08', 2, 3000000017);
INSERT INTO token_blacklist_outstandingtoken VALUES
	('x', '2025-01-01 00:00:00', '2035-05-31 09:32:00', 1, '85ccfefa09034781901bbad89448950a', 1),
	('y', '2025-01-01 00:00:00', '2035-06-30 09:32:00', 5, '90497fd7c43e4a288e0c255f59c67041', 2),
	('z', '2025-01-01 00:00:00', '2035-06-30 09:32:00', NULL, 'f6c7bf74c30a46fb8c25933771201183', 3);
INSERT INTO token_blacklist_blacklistedtoken VALUES ('2025-01-02 00:00:00', 2, 1), ('2025-01-02 00:00:00', 3, 2);
`
