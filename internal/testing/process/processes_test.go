package process

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// superuserEmail is the operator of processes; the password is testapp's.
const superuserEmail = "operator@example.com"

// process is a Carebase on a database that it shares.
type process struct {
	*testapp.Server
	command *exec.Cmd
	output  *bufio.Reader
	killed  bool
}

// fleet is several processes on one database. Its own server sends each request
// to the next one of them.
type fleet struct {
	*testapp.Server
	processes []*process
	database  postgres.Settings
}

// newFleet starts processes on a new database, all at once.
func newFleet(t *testing.T, size int) *fleet {
	t.Helper()
	return newFleetOn(t, testpostgres.New(t), size)
}

// newFleetOn is newFleet on a database that is there.
func newFleetOn(t *testing.T, database postgres.Settings, size int) *fleet {
	t.Helper()
	fleet := &fleet{database: database}
	for range size {
		fleet.processes = append(fleet.processes, launch(t, fleet.database))
	}
	origins := []*url.URL{}
	for _, process := range fleet.processes {
		process.waitUntilReady(t)
		origin, err := url.Parse(process.URL)
		if err != nil {
			t.Fatal(err)
		}
		origins = append(origins, origin)
	}
	var requests atomic.Int64
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(origins[int(requests.Add(1))%len(origins)])
		},
	})
	t.Cleanup(proxy.CloseClientConnections)
	fleet.Server = &testapp.Server{TB: t, URL: proxy.URL}
	return fleet
}

// launch starts a process without waiting for it.
func launch(t *testing.T, database postgres.Settings) *process {
	t.Helper()
	return launchIn(t, t.TempDir(), []string{
		"DATABASE_URL=" + database.URL, "PG_DIRECT_URL=" + database.DirectURL, "PG_MAX_CONNS=10",
		"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password,
	})
}

// launchIn is launch in a directory, with an environment and arguments.
func launchIn(t *testing.T, directory string, environment []string, arguments ...string) *process {
	t.Helper()
	carebase := command(t, directory, environment, append([]string{"serve"}, arguments...)...)
	carebase.Stderr = t.Output()
	return launchCommand(t, carebase)
}

// launchCommand starts a command that serves, until the test ends.
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

// end stops the process as its operator does.
func (p *process) end(t *testing.T) {
	t.Helper()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	_, _ = io.Copy(io.Discard, p.output)
	if err := p.command.Wait(); err != nil && !p.killed {
		t.Errorf("carebase ended with %v", err)
	}
}

// waitUntilReady reads the process's origin from its banner.
func (p *process) waitUntilReady(t *testing.T) {
	t.Helper()
	watchdog := time.AfterFunc(time.Minute, func() { _ = p.command.Process.Kill() })
	defer watchdog.Stop()
	for {
		line, err := p.output.ReadString('\n')
		if err != nil {
			t.Fatalf("a process did not start: %v", err)
		}
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Console"); ok {
			p.URL = strings.TrimSuffix(strings.TrimSpace(rest), "/")
		}
		if strings.Contains(line, "Database") {
			return
		}
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

// operator signs the superuser in.
func (f *fleet) operator() string {
	f.Helper()
	signedIn := f.Must(http.StatusOK, "", "POST", "/api/collections/_superusers/auth-with-password",
		map[string]any{"identity": superuserEmail, "password": testapp.Password})
	token, _ := signedIn["token"].(string)
	return token
}

// query runs a statement on the fleet's database and returns its one value.
func query[T any](f *fleet, statement string, arguments ...any) T {
	f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	connection, err := pgx.Connect(ctx, cmp.Or(f.database.DirectURL, f.database.URL))
	if err != nil {
		f.Fatal(err)
	}
	defer connection.Close(ctx)
	var value T
	if err := connection.QueryRow(ctx, statement, arguments...).Scan(&value); err != nil {
		f.Fatalf("%s: %v", statement, err)
	}
	return value
}

// within polls until the condition holds, for that long at most.
func within(t testing.TB, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s it does not hold yet: %s", limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
