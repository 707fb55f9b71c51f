package django_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/django/importer"
	"carebase/internal/testing/testapp"
)

// user is a row of accounts_user.
func user(id int, email, hash, created string) string {
	return fmt.Sprintf("INSERT INTO accounts_user VALUES (%d, '%s', NULL, 0, '%s', 'Name', 1, 0, '%s')", id, hash, email, created)
}

func TestProblems(t *testing.T) {
	patient := func(values string) string {
		return "INSERT INTO core_patient VALUES (" + values + ", '2020-01-01 00:00:00', 1)"
	}
	const loose = "PRAGMA ignore_check_constraints = 1; "
	for name, test := range map[string]struct {
		statement string
		want      []string
	}{
		"an address in another case": {user(6, "MARIA.garcia@clinic.example", "!", "2017-01-01 00:00:00"), []string{`accounts_user 5: the e-mail address "Maria.Garcia@clinic.example" is that of 6, too, without regard to case (--resolve keep-first)`}},
		"no address":                 {user(6, "", "!", "2017-01-01 00:00:00"), []string{`accounts_user 6: "" is no e-mail address`}},
		"a weak hash":                {user(6, "a@b.example", "md5$salt$5ebe2294ecd0e0f08eab7690d2a6ee69", "2017-01-01 00:00:00"), []string{"accounts_user 6: the password hash is weak (md5): --allow-weak-hashes imports it"}},
		"an unknown hash":            {user(6, "a@b.example", "crypt$$x", "2017-01-01 00:00:00"), []string{`accounts_user 6: the password hash is unknown or too expensive ("crypt")`}},
		"an expensive hash":          {user(6, "a@b.example", "pbkdf2_sha256$999999999$a$hLypkFINtd1Gns1D54uZl25gav7xCSC24z+rTdVcf0Y=", "2017-01-01 00:00:00"), []string{`accounts_user 6: the password hash is unknown or too expensive ("pbkdf2_sha256")`}},
		"a time that is none":        {user(6, "a@b.example", "!", "yesterday"), []string{`accounts_user 6: the time is not a time: "yesterday"`}},
		"a long name":                {patient("9, '" + strings.Repeat("é", 121) + "', 1, ''"), []string{"core_patient 9: the name has 121 characters; 120 are allowed"}},
		"no name":                    {patient("9, '', 1, ''"), []string{"core_patient 9: the name is empty"}},
		"an age below":               {loose + patient("9, 'x', -1, ''"), []string{"core_patient 9: the age is -1; 0 to 2147483647 are allowed"}},
		"an age above":               {patient("9, 'x', 2147483648, ''"), []string{"core_patient 9: the age is 2147483648; 0 to 2147483647 are allowed"}},
		"an age that is a text":      {patient("9, 'x', 'old', ''"), []string{`core_patient 9: the age is not a whole number: "old"`}},
		"a null character":           {patient("9, 'a' || char(0) || 'b', 1, ''"), []string{"core_patient 9: the name has a null character"}},
		"bytes that are no text":     {patient("9, CAST(x'ff' AS text), 1, ''"), []string{"core_patient 9: the name is not UTF-8"}},
		"binary data":                {patient("9, x'ff', 1, ''"), []string{"core_patient 9: the name is not a text"}},
		"a negative id":              {patient("-9, 'x', 1, ''"), []string{"core_patient -9: the id is not a positive number"}},
		"an owner who is gone":       {"INSERT INTO core_patient VALUES (9, 'x', 1, '', '2020-01-01 00:00:00', 77)", []string{"core_patient 9: the owner 77 does not exist"}},
		"ends that are gone":         {"INSERT INTO core_patientdoctor VALUES (9, '2020-01-01 00:00:00', 77, 78)", []string{"core_patientdoctor 9: the patient 78 does not exist", "core_patientdoctor 9: the doctor 77 does not exist"}},
		"a pair that there is twice": {"INSERT INTO core_patientdoctor VALUES (9, '2023-01-01 00:00:00', 900, 3)", []string{"core_patientdoctor 9: patient and doctor are those of 7, too (--resolve keep-first)"}},
		"several of all kinds": {patient("9, '', 1, ''") + ";" + user(6, "maria.garcia@CLINIC.example", "?", "2019-01-01 00:00:00"), []string{
			`accounts_user 6: the password hash is unknown or too expensive ("?")`, "core_patient 9: the name is empty",
			`accounts_user 6: the e-mail address "maria.garcia@CLINIC.example" is that of 5, too, without regard to case (--resolve keep-first)`}},
	} {
		_, _, err := prepare(t, nil, importer.Options{From: newSource(t, clinicSchema, clinicRows, test.statement)})
		if err == nil {
			t.Errorf("%s: no problem", name)
			continue
		}
		if got := strings.Split(strings.TrimSpace(report(err)), "\n"); strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestKeysThatAreNoNumbers(t *testing.T) {
	const schema = `CREATE TABLE accounts_user (id char(32) NOT NULL PRIMARY KEY, password varchar(128) NOT NULL, last_login datetime NULL, email varchar(254) NOT NULL, name varchar(150) NOT NULL, is_active bool NOT NULL);
		CREATE TABLE core_patient (id integer NOT NULL PRIMARY KEY, name varchar(120) NOT NULL, age integer NOT NULL, owner_id char(32) NOT NULL REFERENCES accounts_user (id));
		INSERT INTO accounts_user VALUES ('0f8fad5bd9cb469fa16570867728950e', '!', NULL, 'a@b.example', 'A', 1);
		INSERT INTO core_patient VALUES (1, 'P', -1, '0f8fad5bd9cb469fa16570867728950e')`
	_, _, err := prepare(t, nil, importer.Options{From: newSource(t, schema)})
	if err == nil {
		t.Fatal("no problem")
	}
	for _, want := range []string{"accounts_user: the primary keys (id) are UUIDs or texts; only numbers can become ids", "core_patient 1: the age is -1"} {
		if !strings.Contains(report(err), want) {
			t.Errorf("%q is not in %s", want, report(err))
		}
	}
}

// TestViewInThePlaceOfATable imports nothing: the rest alone would look complete.
func TestViewInThePlaceOfATable(t *testing.T) {
	for view, flag := range map[string]string{"core_patient": "patients", "core_doctor": "doctors", "core_patientdoctor": "mappings"} {
		from := newSource(t, clinicSchema, clinicRows, "DROP TABLE "+view+"; CREATE VIEW "+view+" AS SELECT 1 AS id, 'x' AS name")
		_, _, err := prepare(t, nil, importer.Options{From: from})
		if want := view + " is a view, not a table: name the table of the " + flag + " with --" + flag; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	_, _, err := prepare(t, nil, importer.Options{From: newSource(t, clinicSchema, clinicRows,
		`WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n LIMIT 1500) INSERT INTO core_patient SELECT i, '', 1, '', '2020-01-01 00:00:00', 1 FROM n`)})
	if err == nil {
		t.Fatal("no problem")
	}
	lines := strings.Split(strings.TrimSpace(report(err)), "\n")
	if len(lines) != 1001 || lines[1000] != "... and 500 more" || err.Error() != "1500 problems: nothing was imported" {
		t.Errorf("got %d lines, %q, %v", len(lines), lines[len(lines)-1], err)
	}
}

func TestKeepFirst(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	_, said := move(t, app, importer.Options{KeepFirst: true, From: newSource(t, clinicSchema, clinicRows,
		user(6, "maria.garcia@clinic.example", "!", "2017-01-01 00:00:00"), user(7, "", "!", "2017-01-01 00:00:00"),
		"INSERT INTO core_patientdoctor VALUES (9, '2023-01-01 00:00:00', 900, 3)")})
	for _, want := range []string{
		"User 5 has the same address as user 6 and gets the address Maria.Garcia@clinic.example.5.invalid, which cannot sign in until an operator changes it.",
		"User 7 has no e-mail address and gets the address user@7.invalid,", "Mapping 9 is left out: 7 is of the same patient and doctor.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	expect(t, app, "SELECT email AS row FROM users ORDER BY id", "admin@clinic.example", "Maria.Garcia@clinic.example.5.invalid", "maria.garcia@clinic.example", "user@7.invalid")
	expect(t, app, "SELECT id AS row FROM mappings ORDER BY id", "7", "8")
}

// TestIntoADatabaseWithRows imports twice: ids and addresses that are taken are
// problems, others come beside what is there.
func TestIntoADatabaseWithRows(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	move(t, app, importer.Options{From: newSource(t, clinicSchema, clinicRows)})
	again := newSource(t, clinicSchema, clinicRows, "UPDATE accounts_user SET id = id + 100; UPDATE core_patient SET created_by_id = created_by_id + 100; UPDATE core_doctor SET id = id + 1000, created_by_id = created_by_id + 100; UPDATE core_patientdoctor SET id = id + 10, doctor_id = doctor_id + 1000; DELETE FROM token_blacklist_blacklistedtoken; DELETE FROM token_blacklist_outstandingtoken")
	_, _, err := prepare(t, app, importer.Options{From: again})
	want := `core_patient 3: the id is taken: there is a record with it in patients
core_patient 3000000017: the id is taken: there is a record with it in patients
accounts_user 101: the e-mail address "admin@clinic.example" is that of the record 1, too (--resolve keep-first)
accounts_user 105: the e-mail address "Maria.Garcia@clinic.example" is that of the record 5, too (--resolve keep-first)
`
	if err == nil || report(err) != want {
		t.Errorf("got %v", report(err))
	}
	beside := newSource(t, clinicSchema, user(8, "new@clinic.example", "!", "2020-01-01 00:00:00"), "INSERT INTO core_patient VALUES (4, 'Four', 4, '', '2020-01-01 00:00:00', 8)")
	move(t, app, importer.Options{From: beside})
	expect(t, app, "SELECT id AS row FROM patients ORDER BY id", "3", "3000000017", "4")
	long := newSource(t, clinicSchema, user(9223372036854775000, "long@clinic.example", "!", "2020-01-01 00:00:00"),
		"INSERT INTO core_patient VALUES (1234567890123456789, 'Long', 4, '', '2020-01-01 00:00:00', 9223372036854775000)")
	move(t, app, importer.Options{From: long})
	expect(t, app, "SELECT created_by AS row FROM patients WHERE id = '1234567890123456789'", "9223372036854775000")
}

// TestIDsMustFit refuses a target whose ids cannot be numbers.
func TestIDsMustFit(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	collection, err := app.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	collection.Fields.GetByName("id").(*core.TextField).Min = 15
	if err := app.Save(collection); err != nil {
		t.Fatal(err)
	}
	prepared, _, err := prepare(t, app, importer.Options{From: newSource(t, clinicSchema, clinicRows)})
	if err != nil {
		t.Fatal(report(err))
	}
	if _, err := prepared.Run(context.Background(), app); err == nil || !strings.Contains(err.Error(), "the ids of the collection patients have 15 to 19 characters") {
		t.Errorf("got %v", err)
	}
}

// TestNothingIsLeftOnTheDisk looks for the stage after a problem and after success.
func TestNothingIsLeftOnTheDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if _, _, err := prepare(t, nil, importer.Options{From: newSource(t, clinicSchema, clinicRows, user(6, "", "!", "2020-01-01 00:00:00"))}); err == nil {
		t.Error("no problem")
	}
	prepared, _, err := prepare(t, nil, importer.Options{From: newSource(t, clinicSchema, clinicRows)})
	if err != nil {
		t.Fatal(err)
	}
	if err := prepared.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if strings.HasPrefix(entry.Name(), "carebase-import-") {
			t.Errorf("%s is left", entry.Name())
		}
	}
}
