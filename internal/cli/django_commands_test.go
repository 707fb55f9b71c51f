package cli_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"carebase/internal/cli"
	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// deployment is a data directory.
type deployment string

// run runs a command and returns what it prints.
func (d deployment) run(t *testing.T, variables map[string]string, input string, arguments ...string) (string, error) {
	t.Helper()
	environment := map[string]string{"DATA_DIR": string(d)}
	maps.Copy(environment, variables)
	app := newAppWith(t, environment, arguments...)
	var printed bytes.Buffer
	app.RootCmd.SetIn(strings.NewReader(input))
	app.RootCmd.SetOut(&printed)
	app.RootCmd.SetErr(&printed)
	err := cli.Execute(app)
	return printed.String(), err
}

// signsIn tells at which doors an account can sign in.
func (d deployment) signsIn(t *testing.T, email, password string) (doors string) {
	t.Helper()
	s := testapp.Serve(t, testapp.Open(t, string(d), postgres.Settings{}))
	if s.Call("", "POST", "/api/auth/login/", map[string]any{"email": email, "password": password}).Status == 200 {
		doors += "user"
	}
	if s.Call("", "POST", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": email, "password": password}).Status == 200 {
		doors += " and superuser"
	}
	return doors
}

// TestDjangosQuickStart runs the steps of the documented quick start.
func TestDjangosQuickStart(t *testing.T) {
	d := deployment(t.TempDir())
	const email = "admin@localhost"
	for _, step := range []struct {
		variables map[string]string
		arguments string
		want      string
	}{
		{nil, "migrate --noinput", ""},
		{nil, "migrate --no-input up", ""},
		{nil, "createsuperuser --noinput", "You must use --email with --noinput."},
		{nil, "createsuperuser --noinput --email " + email, "You must use --name with --noinput."},
		{nil, "createsuperuser --noinput --email nonsense --name Ann", "Enter a valid email address."},
		{nil, "createsuperuser --noinput --email " + email + " --name " + strings.Repeat("x", 151), "Ensure this value has at most 150 characters (it has 151)."},
		{map[string]string{"DJANGO_SUPERUSER_PASSWORD": strings.Repeat("x", 72)}, "createsuperuser --noinput --email " + email + " --name Ann", "This password is too long. It must contain at most 71 bytes."},
		{map[string]string{"DJANGO_SUPERUSER_PASSWORD": "secret", "DJANGO_SUPERUSER_EMAIL": email, "DJANGO_SUPERUSER_NAME": "Ann"}, "createsuperuser --no-input", ""},
		{nil, "createsuperuser --noinput --email " + strings.ToUpper(email[:5]) + email[5:] + " --name Ann", "That email is already taken."},
		{nil, "createsuperuser --noinput --email later@example.com --name Later", ""},
		{nil, "flushexpiredtokens", ""},
	} {
		_, err := d.run(t, step.variables, "", strings.Fields(step.arguments)...)
		if got := message(err); got != step.want {
			t.Errorf("%s: got %q", step.arguments, got)
		}
	}
	if doors := d.signsIn(t, email, "secret"); doors != "user and superuser" {
		t.Errorf("the new superuser signs in as %q", doors)
	}
	if printed, err := d.run(t, nil, "", "createsuperuser"); err != nil || !strings.Contains(printed, "skipped due to not running in a TTY") {
		t.Errorf("without a terminal: %q, %v", printed, err)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestChangePassword(t *testing.T) {
	d := deployment(testapp.Migrated(t))
	const email, chosen = "later@example.com", "Quite-Another-1"
	if _, err := d.run(t, nil, "", "createsuperuser", "--noinput", "--email", email, "--name", "Later"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ email, input, printed, want string }{
		"nobody":      {"x@example.com", "", "", "user 'x@example.com' does not exist"},
		"no answer":   {email, "", "", "aborted: there is no answer"},
		"three tries": {email, "a\nb\nshort\nshort\n" + email + "\n" + email + "\n", "Passwords do not match. Please try again.\n", "Aborting password change for user '" + email + "' after 3 attempts"},
		"a weak one":  {email, "password\npassword\n", "This password is too common.\n", "aborted: there is no answer"},
		"the name":    {email, "later123\nlater123\n", "The password is too similar to the name.\n", "aborted: there is no answer"},
	} {
		printed, err := d.run(t, nil, test.input, "changepassword", test.email)
		if message(err) != test.want || !strings.Contains(printed, test.printed) {
			t.Errorf("%s: got %q, %v", name, printed, err)
		}
	}
	if doors := d.signsIn(t, email, chosen); doors != "" {
		t.Errorf("signs in as %q before it has a password", doors)
	}
	printed, err := d.run(t, nil, "a\nb\n"+chosen+"\r\n"+chosen, "changepassword", "LATER@example.com")
	if err != nil || !strings.HasSuffix(printed, "Password changed successfully for user '"+email+"'\n") {
		t.Errorf("got %q, %v", printed, err)
	}
	if doors := d.signsIn(t, email, chosen); doors != "user and superuser" {
		t.Errorf("signs in as %q with its password", doors)
	}
}
