package process

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// operatorsShell is what an operator's shell has: the program, and systemd's service.
type operatorsShell struct {
	directory, address, second string
	// blocks are the commands of docs/procedures.md and docs/upgrading.md by name.
	blocks map[string]string
}

var procedureBlock = regexp.MustCompile("(?s)```sh ?([a-z]*)\n(.*?)```")

// systemctl starts the service with its settings and stops it, as systemd does.
const systemctl = `#!/bin/sh
[ -n "$ALONE" ] || exec env -i ALONE=yes ROOT="$ROOT" HOME="$HOME" PATH="$PATH" "$0" "$@"
case "$1" in
start)
	set -a; . "$ROOT/etc/carebase.env"; set +a
	carebase serve >> "$ROOT/log" 2>&1 &
	echo $! > "$ROOT/pid"
	tries=0
	until curl -fs "http://$HTTP_ADDR/readyz" > /dev/null; do
		tries=$((tries + 1)); [ $tries -lt 300 ] || { cat "$ROOT/log"; exit 1; }
		sleep 0.1
	done ;;
stop)
	[ -f "$ROOT/pid" ] || exit 0
	pid=$(cat "$ROOT/pid"); rm "$ROOT/pid"
	kill "$pid" 2> /dev/null || exit 0
	while kill -0 "$pid" 2> /dev/null; do sleep 0.05; done ;;
esac
`

func newOperatorsShell(t *testing.T) *operatorsShell {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not installed: apt-get install curl")
		}
		t.Skip("curl is not installed: apt-get install curl")
	}
	shell := &operatorsShell{directory: t.TempDir(), address: testapp.UnusedAddress(t), second: testapp.UnusedAddress(t), blocks: map[string]string{}}
	for _, name := range []string{"upgrading.md", "procedures.md"} {
		page, err := os.ReadFile(filepath.Join(module.Root(), "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range procedureBlock.FindAllStringSubmatch(string(page), -1) {
			shell.blocks[match[1]] = match[2]
		}
	}
	settings, err := os.ReadFile(filepath.Join(module.Root(), "deploy", "systemd", "carebase.env"))
	if err != nil {
		t.Fatal(err)
	}
	environment := string(settings)
	for shipped, here := range map[string]string{
		"SECRET_KEY=\n": "SECRET_KEY=" + strings.Repeat("k", 32) + "\n", "HTTP_ADDR=127.0.0.1:8000\n": "HTTP_ADDR=" + shell.address + "\n",
		"DATA_DIR=/var/lib/carebase\n":  "DATA_DIR=" + filepath.Join(shell.directory, "data") + "\n",
		"METRICS_ADDR=127.0.0.1:9464\n": "METRICS_ADDR=\n", "ALLOWED_HOSTS=clinic.example.com\n": "ALLOWED_HOSTS=\n",
	} {
		if !strings.Contains(environment, "\n"+shipped) {
			t.Fatalf("carebase.env has no line %q", shipped)
		}
		environment = strings.Replace(environment, "\n"+shipped, "\n"+here, 1)
	}
	environment += "REPLICA_URL=file://" + filepath.Join(shell.directory, "replica") + "\n"
	carebase := "#!/bin/sh\n" + asCarebase + "=" + filepath.Join(module.Root(), "pb_public") + " exec " + os.Args[0] + ` "$@"` + "\n"
	for name, file := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"etc/carebase.env": {environment, 0o600}, "bin/carebase": {carebase, 0o700}, "bin/systemctl": {systemctl, 0o700},
	} {
		path := filepath.Join(shell.directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file.content), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { shell.run(t, "systemctl stop carebase") })
	return shell
}

// procedure runs a block of the page as it is written, but for the places.
func (s *operatorsShell) procedure(t *testing.T, name string) {
	t.Helper()
	block, found := s.blocks[name]
	if !found {
		t.Fatalf("the pages have no procedure %s", name)
	}
	delete(s.blocks, name)
	s.run(t, s.blocks[""]+block)
}

func (s *operatorsShell) run(t *testing.T, script string) {
	t.Helper()
	script = strings.NewReplacer("/etc/carebase/", s.directory+"/etc/", "/usr/local/bin/", s.directory+"/bin/", "/var/tmp/", s.directory+"/tmp-", "127.0.0.1:8000", s.address, "127.0.0.1:8001", s.second).Replace(script)
	shell := exec.Command("bash", "-euo", "pipefail", "-c", script)
	shell.Dir = s.directory
	shell.Env = []string{"ROOT=" + s.directory, "HOME=" + s.directory, "PATH=" + filepath.Join(s.directory, "bin") + ":" + os.Getenv("PATH")}
	// A file, because the service keeps a pipe open.
	output, err := os.CreateTemp(s.directory, "output")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	shell.Stdout, shell.Stderr = output, output
	if err := shell.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		t.Fatalf("%s: %v\n%s", script, err, said)
	}
}

// patientsOf signs a user in, wherever their last session was, and returns the answer
// with their patients.
func patientsOf(server *testapp.Server, user testapp.User) string {
	server.Helper()
	server.SignIn(&user)
	return server.Call(user.Access, http.MethodGet, "/api/patients/", nil).Body
}

// TestProcedures runs all procedures, one after the other, on one clinic.
func TestProcedures(t *testing.T) {
	t.Parallel()
	onPostgreSQL := testpostgres.New(t).URL
	shell := newOperatorsShell(t)
	shell.run(t, "systemctl start carebase")
	server := &testapp.Server{TB: t, URL: "http://" + shell.address}
	ann := server.SignUp("ann")
	server.Patient(ann, "First")
	has := func(server *testapp.Server, names ...string) {
		t.Helper()
		list := patientsOf(server, ann)
		for _, name := range names {
			if !strings.Contains(list, `"`+name+`"`) {
				t.Errorf("%s is missing: %s", name, list)
			}
		}
	}

	shell.procedure(t, "drill")
	has(server, "First")
	shell.procedure(t, "password")
	if status := signInSuperuser(server, "a-new-and-long-password"); status != http.StatusOK {
		t.Errorf("password: got %d", status)
	}
	shell.procedure(t, "disk")
	shell.run(t, shell.blocks[""]+"carebase backup create")
	server.Patient(ann, "After the backup")
	shell.procedure(t, "back")
	if list := patientsOf(server, ann); strings.Contains(list, "After the backup") {
		t.Errorf("back: got %s", list)
	}
	server.SignIn(&ann)
	server.Patient(ann, "Second")
	shell.run(t, "cp bin/carebase carebase.new; cp bin/carebase carebase.old")
	shell.procedure(t, "upgrade")
	server.SignIn(&ann)
	server.Patient(ann, "After the upgrade")
	shell.procedure(t, "rollback")
	if list := patientsOf(server, ann); strings.Contains(list, "After the upgrade") || !strings.Contains(list, "Second") {
		t.Errorf("rollback: got %s", list)
	}
	shell.procedure(t, "key")
	if status := server.Call(ann.Access, http.MethodGet, "/api/patients/", nil).Status; status != http.StatusUnauthorized {
		t.Errorf("key: got %d", status)
	}
	has(server, "First", "Second")

	// The end of the server sends all to the replica; then the machine is lost.
	shell.run(t, `systemctl stop carebase; mv "$ROOT/data" "$ROOT/lost"`)
	shell.procedure(t, "lost")
	has(server, "First", "Second")

	shell.blocks["postgresql"] = "PG_URL='" + onPostgreSQL + "'\n" + shell.blocks["postgresql"]
	shell.procedure(t, "postgresql")
	has(server, "First", "Second")
	shell.blocks["process"] += `echo $! > "$ROOT/second"` + "\n"
	t.Cleanup(func() { shell.run(t, `kill "$(cat "$ROOT/second")"`) })
	shell.procedure(t, "process")
	second := &testapp.Server{TB: t, URL: "http://" + shell.second}
	second.SignIn(&ann)
	second.Patient(ann, "Third")
	has(server, "First", "Second", "Third")
	delete(shell.blocks, "")
	if len(shell.blocks) > 0 {
		t.Errorf("these were not run: %v", shell.blocks)
	}
}
