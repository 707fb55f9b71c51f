package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
)

func TestImportCSV(t *testing.T) {
	d := deployment(testapp.Migrated(t))
	file := filepath.Join(t.TempDir(), "patients.csv")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const email = "ann@example.com"
	if _, err := d.run(t, map[string]string{"DJANGO_SUPERUSER_PASSWORD": testapp.Password}, "", "createsuperuser", "--noinput", "--email", email, "--name", "Ann"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ content, arguments, printed, failure string }{
		{"name,age\nAda,1\n", "", "", "--owner missing: carebase import csv FILE --owner EMAIL"},
		{"name,age\nAda,1\n", "--owner bob@example.com", "", "--owner: user 'bob@example.com' does not exist"},
		{"name,age\nAda,1\n", "--collection users --owner " + email, "", `--collection is "users"; it must be patients or doctors`},
		{"name,age\n,1\nAda,x\n", "--owner " + email, "line 2, name: This field may not be blank.\nline 3, age: A valid integer is required.\n", "Nothing was imported: there are 2 errors."},
		{"name,age\n\"Ada\nLovelace\",1\n\nBernard\nCaesar,x\n", "--owner " + email, "line 5: The line has 1 cells; the header names 2 fields.\nline 6, age: A valid integer is required.\n", "Nothing was imported: there are 2 errors."},
		{"name,age\nAda,1\nBer\"nard,2\n", "--owner " + email, "line 3: This is no CSV: bare \" in non-quoted-field.\n", "Nothing was imported: there is 1 error."},
		{"\ufeffname;age\nAda;1\n", "--dry-run --owner " + email, "Nothing is wrong with 1 patient. Nothing was created (--dry-run).\n", ""},
		{"\ufeffname;age\nAda;1\nBernard;2\n", "--owner " + email, "Created 2 patients.\n", ""},
		{"name,speciality\nHouse,Nephrology\n", "--collection doctors --owner " + email, "Created 1 doctor.\n", ""},
	} {
		write(test.content)
		printed, err := d.run(t, nil, "", append([]string{"import", "csv", file}, strings.Fields(test.arguments)...)...)
		if printed != test.printed || message(err) != test.failure {
			t.Errorf("%s: got %q, %v", test.arguments, printed, err)
		}
	}
	server := testapp.Serve(t, testapp.Open(t, string(d), postgres.Settings{}))
	ann := testapp.User{Email: email}
	server.SignIn(&ann)
	if patients := server.Call(ann.Access, "GET", "/api/patients/?ordering=id", nil).List(server); len(patients) != 2 || patients[0]["name"] != "Ada" {
		t.Errorf("got %v", patients)
	}
	if doctors := server.Call(ann.Access, "GET", "/api/doctors/", nil).List(server); len(doctors) != 1 {
		t.Errorf("got %v", doctors)
	}
}

func TestImportCSVValidatesRelations(t *testing.T) {
	d := deployment(testapp.Migrated(t))
	const email = "ann@example.com"
	if _, err := d.run(t, map[string]string{"DJANGO_SUPERUSER_PASSWORD": testapp.Password}, "", "createsuperuser", "--noinput", "--email", email, "--name", "Ann"); err != nil {
		t.Fatal(err)
	}
	app := testapp.Open(t, string(d), postgres.Settings{})
	patients, err := app.FindCollectionByNameOrId("patients")
	if err != nil {
		t.Fatal(err)
	}
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	patients.Fields.Add(&core.RelationField{Name: "nurse", CollectionId: users.Id, MaxSelect: 1})
	if err := app.Save(patients); err != nil {
		t.Fatal(err)
	}
	server := testapp.Serve(t, app)
	bob := server.SignUp("bob")
	own, err := app.FindAuthRecordByEmail("users", email)
	if err != nil {
		t.Fatal(err)
	}
	_, err = app.NonconcurrentDB().NewQuery("CREATE TRIGGER broken BEFORE INSERT ON patients WHEN NEW.name = 'Broken' BEGIN SELECT RAISE(ABORT, 'a broken trigger'); END").Execute()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "patients.csv")
	content := "name,age,nurse\nAda,1," + own.Id + "\nBernard,2," + bob.ID + "\n"
	for _, test := range []struct{ content, printed, failure string }{
		{content, "line 3, nurse: Invalid pk \"" + bob.ID + "\" - object does not exist.\n", "Nothing was imported: there is 1 error."},
		{strings.Replace(content, "Bernard,2,"+bob.ID, "Broken,2,", 1), "", "line 3: constraint failed: a broken trigger (1811)"},
		{strings.Split(content, "Bernard")[0], "Created 1 patient.\n", ""},
	} {
		if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if printed, err := d.run(t, nil, "", "import", "csv", file, "--owner", email); printed != test.printed || message(err) != test.failure {
			t.Errorf("got %q, %v", printed, err)
		}
	}
}
