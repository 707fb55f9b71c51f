package process

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carebase/internal/app"
	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

// asCarebase makes the test binary be Carebase itself, with the console's files
// of the directory that it names.
const asCarebase = "CAREBASE_TEST_RUN"

// parallel is how many tests run at once. Each of them may run several processes.
const parallel = 5

func TestMain(m *testing.M) {
	if public := os.Getenv(asCarebase); public != "" {
		if err := app.Run(os.DirFS(public)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testapp.SetParallel(parallel)
	testapp.Main(m)
}

// migrated returns a directory with a database for tests that are not about a first
// start: it saves the migrations, and passwords are quick to hash.
func migrated(t *testing.T) string {
	t.Helper()
	return filepath.Dir(testapp.Migrated(t))
}

// migrate copies such a database into a directory that has none.
func migrate(t *testing.T, directory string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(directory, "pb_data"), os.DirFS(testapp.Migrated(t))); err != nil {
		t.Fatal(err)
	}
}

// command is Carebase as a process of its own in a directory. It collects garbage
// less often, as testapp's apps do.
func command(t *testing.T, directory string, environment []string, arguments ...string) *exec.Cmd {
	t.Helper()
	carebase := exec.Command(os.Args[0], arguments...)
	carebase.Dir = directory
	carebase.Env = append([]string{asCarebase + "=" + filepath.Join(module.Root(), "pb_public"), "HTTP_ADDR=127.0.0.1:0", "GOGC=400", "PATH=" + os.Getenv("PATH"), "HOME=" + directory}, environment...)
	return carebase
}

// process is a running server.
type process struct {
	*testapp.Server
	command *exec.Cmd
	output  *bufio.Reader
	// banner is what the server has printed until it was ready.
	banner string
	killed bool
}

// serve starts a server in a directory and waits until it is ready. The end of the
// test stops it.
func serve(t *testing.T, directory string, environment []string, arguments ...string) *process {
	t.Helper()
	process := launch(t, directory, environment, arguments...)
	process.waitUntilReady(t)
	return process
}

// launch is serve without the wait.
func launch(t *testing.T, directory string, environment []string, arguments ...string) *process {
	t.Helper()
	carebase := command(t, directory, environment, append([]string{"serve"}, arguments...)...)
	carebase.Stderr = t.Output()
	return launchCommand(t, carebase)
}

// launchCommand is launch for a command that serves.
func launchCommand(t *testing.T, carebase *exec.Cmd) *process {
	t.Helper()
	output, err := carebase.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := carebase.Start(); err != nil {
		t.Fatal(err)
	}
	started := &process{Server: &testapp.Server{TB: t}, command: carebase, output: bufio.NewReader(output)}
	t.Cleanup(func() {
		if carebase.ProcessState == nil {
			started.end(t)
		}
	})
	return started
}

// waitUntilReady reads the banner, which has the server's origin.
func (p *process) waitUntilReady(t *testing.T) {
	t.Helper()
	watchdog := time.AfterFunc(time.Minute, func() { _ = p.command.Process.Kill() })
	defer watchdog.Stop()
	for {
		line, err := p.output.ReadString('\n')
		if err != nil {
			t.Fatalf("a process did not start: %v, %q", err, p.banner)
		}
		p.banner += line
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Console"); ok {
			p.URL = strings.TrimSuffix(strings.TrimSpace(rest), "/")
		}
		if strings.Contains(line, "Database") {
			return
		}
	}
}

// end stops the process as its operator does.
func (p *process) end(t *testing.T) {
	t.Helper()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	_, _ = io.Copy(io.Discard, p.output)
	if err := p.command.Wait(); err != nil && !p.killed {
		t.Errorf("carebase ended with %v", err)
	}
}

// kill ends the process as the loss of its machine would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	p.killed = true
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// succeeds runs a command that has to succeed and returns its output.
func succeeds(t *testing.T, directory string, environment []string, arguments ...string) string {
	t.Helper()
	output, err := command(t, directory, environment, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v %s", arguments, err, output)
	}
	return string(output)
}

// refused runs a command that has to end with status 1 and one line, which has the
// text and no secret.
func refused(t *testing.T, directory, want string, environment []string, arguments ...string) {
	t.Helper()
	carebase := command(t, directory, environment, arguments...)
	var output bytes.Buffer
	carebase.Stdout, carebase.Stderr = &output, &output
	err := carebase.Run()
	said := output.String()
	if err == nil || carebase.ProcessState.ExitCode() != 1 || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 || strings.Contains(said, "hush") {
		t.Errorf("%v: got %v %q, want %q in one line", arguments, err, said, want)
	}
}

// superuserEmail is the operator of processes; the password is testapp's.
const superuserEmail = "operator@example.com"

// signInSuperuser returns the status of a superuser's sign-in.
func signInSuperuser(server *testapp.Server, password string) int {
	server.Helper()
	return server.Call("", "POST", "/api/collections/_superusers/auth-with-password",
		map[string]any{"identity": superuserEmail, "password": password}).Status
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// output runs a command and returns all that it says.
func output(command *exec.Cmd) (string, error) {
	said, err := command.CombinedOutput()
	return string(said), err
}
