package cli_test

import (
	"io"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pocketbase/pocketbase"
	"github.com/spf13/cobra"

	"carebase/internal/app"
	"carebase/internal/cli"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// newApp returns the application of a command line in an empty directory.
func newApp(t *testing.T, arguments ...string) *pocketbase.PocketBase {
	t.Helper()
	return newAppWith(t, nil, arguments...)
}

// newAppWith returns it with further variables.
func newAppWith(t *testing.T, variables map[string]string, arguments ...string) *pocketbase.PocketBase {
	t.Helper()
	before := os.Args
	t.Cleanup(func() { os.Args = before })
	os.Args = append([]string{"carebase"}, arguments...)
	environment := map[string]string{"HTTP_ADDR": "127.0.0.1:0"}
	maps.Copy(environment, variables)
	settings, err := config.Parse(environment)
	if err != nil {
		t.Fatal(err)
	}
	made, err := app.New(settings, app.Options{Public: fstest.MapFS{}, Log: io.Discard, Notices: io.Discard, Banner: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	made.RootCmd.SetOut(io.Discard)
	return made
}

// commandsBelow returns the arguments that name each command, the root's first.
func commandsBelow(command *cobra.Command, path []string) [][]string {
	found := [][]string{path}
	for _, child := range command.Commands() {
		found = append(found, commandsBelow(child, append(path[:len(path):len(path)], child.Name()))...)
	}
	return found
}

// TestSurplusArguments gives every command an argument too many and a flag that it
// does not have. It must say so in one line and create nothing.
func TestSurplusArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	commands := commandsBelow(newApp(t).RootCmd, nil)
	if len(commands) < 20 {
		t.Fatalf("got only the commands %v", commands)
	}
	for _, command := range commands {
		for _, wrong := range [][]string{{"--bogus"}, {"surplus"}, {"surplus", "surplus"}, {"surplus", "surplus", "surplus"}} {
			arguments := append(command[:len(command):len(command)], wrong...)
			err := cli.Execute(newApp(t, arguments...))
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("carebase %s: got %v", strings.Join(arguments, " "), err)
			}
			if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
				t.Fatalf("carebase %s: left %v, %v", strings.Join(arguments, " "), entries, err)
			}
		}
	}
}

func TestArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	same := testapp.UnusedAddress(t)
	for line, want := range map[string]string{
		"audit verify heads.json":  `unexpected argument "heads.json": carebase audit verify [--heads PLACE]`,
		"audit bogus":              `unknown command "bogus" for "carebase audit"`,
		"bogus":                    `unknown command "bogus" for "carebase"`,
		"serve typo":               `"typo" is not a domain name`,
		"serve 127.0.0.1:8000":     `"127.0.0.1:8000" is not a domain name`,
		"serve --http nonsense":    `failed to listen on "nonsense", which HTTP_ADDR, PORT or --http says`,
		"serve --http 192.0.2.1:1": `failed to listen on "192.0.2.1:1"`,
		"serve --http " + same + " --https " + same: `failed to listen on "` + same + `", which HTTP_ADDR, PORT or --https says`,
		"superuser ips nowhere":                     `"nowhere" is neither an IP address nor a network`,
		"superuser create a@b.example":              "PASSWORD missing: carebase superuser create EMAIL PASSWORD",
		"superuser update":                          "EMAIL and PASSWORD missing: ",
		"superuser upsert nobody hush-hush":         `EMAIL is "nobody", which is not an e-mail address`,
		"superuser create a@b.example 12345678 yx":  "unexpected argument after PASSWORD: ",
		"runserver 192.0.2.1:1":                     `failed to listen on "192.0.2.1:1"`,
		"runserver nowhere":                         `"nowhere" is not a valid port number or address:port pair`,
		"runserver [::1]:x":                         `"[::1]:x" is not a valid port number or address:port pair`,
		"changepassword":                            "EMAIL missing: carebase changepassword EMAIL",
		"migrate sideways":                          `unknown action "sideways"`,
		"migrate down 1 2":                          `unexpected argument "2" after "down" of "carebase migrate"`,
		"backup create a b":                         `unexpected argument "b": carebase backup create [NAME]`,
		"backup verify":                             "NAME|FILE missing: carebase backup verify NAME|FILE",
		"backup restore a.zip b.zip":                `unexpected argument "b.zip": carebase backup restore NAME|FILE`,
		"runserver 8000 8001":                       `unexpected argument "8001": carebase runserver [[ADDR:]PORT]`,
		"import csv a.csv b.csv":                    `unexpected argument "b.csv": carebase import csv FILE --owner EMAIL`,
		"changepassword a@b.cd 12345678":            "unexpected argument after EMAIL: carebase changepassword EMAIL",
		"migrate down one":                          `"one" is not a number of migrations`,
		"migrate down 0":                            `"0" is not a number of migrations`,
		"audit verify":                              "there is no database in ",
		"audit heads":                               "there is no database in ",
		"audit export":                              "there is no database in ",
		"backup create":                             "there is no database in ",
		"changepassword ann@example.com":            "there is no database in ",
		"import csv patients.csv --owner a@b.cd":    "there is no database in ",
		"import csv patients.csv":                   "--owner missing: carebase import csv FILE --owner EMAIL",
		"superuser update a@b.example 12345678":     "there is no database in ",
		"superuser delete a@b.example":              "there is no database in ",
		"superuser otp a@b.example":                 "there is no database in ",
		"flushexpiredtokens":                        "there is no database in ",
	} {
		if err := cli.Execute(newApp(t, strings.Fields(line)...)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("carebase %s: got %v, want %s", line, err, want)
		}
	}
	for _, line := range []string{"", "--help", "audit", "audit verify --help", "serve --help surplus"} {
		if err := cli.Execute(newApp(t, strings.Fields(line)...)); err != nil {
			t.Errorf("carebase %s: got %v", line, err)
		}
	}
	for line, want := range map[string]string{
		"serve --help":           "default 127.0.0.1:0, of HTTP_ADDR or PORT",
		"superuser otp --help":   "carebase superuser otp EMAIL",
		"superuser ips --help":   "  carebase superuser ips 127.0.0.1",
		"superuser upsert -h --": "  carebase superuser upsert test@example.com",
	} {
		app, help := newApp(t, strings.Fields(line)...), new(strings.Builder)
		app.RootCmd.SetOut(help)
		if err := cli.Execute(app); err != nil || !strings.Contains(help.String(), want) || strings.Contains(help.String(), "8090") {
			t.Errorf("carebase %s: got %v, %s", line, err, help)
		}
	}
	if _, err := os.Stat("pb_data"); err == nil {
		t.Error("a command that failed, or only printed its help, has created a database")
	}
	// What a new deployment begins with can be said again, with a better password.
	for _, line := range []string{"superuser upsert a@b.example 12345678", "superuser upsert a@b.example 87654321", "audit verify", "migrate up"} {
		if err := cli.Execute(newApp(t, append(strings.Fields(line), "--dir", "elsewhere")...)); err != nil {
			t.Errorf("carebase %s: %v", line, err)
		}
	}
	compact, said := newApp(t, "database", "compact", "--dir", "elsewhere"), new(strings.Builder)
	compact.RootCmd.SetOut(said)
	if err := cli.Execute(compact); err != nil || !regexp.MustCompile(`^data\.db has [1-9]\d* KB, and had [1-9]\d* KB\.\n$`).MatchString(said.String()) {
		t.Errorf("carebase database compact: got %v, %s", err, said)
	}
}
