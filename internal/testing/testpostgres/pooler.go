package testpostgres

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carebase/internal/postgres"
)

// Pooler is a PgBouncer in transaction mode.
type Pooler struct {
	t         testing.TB
	directory string
	command   *exec.Cmd
	// Settings connect to the database through the pooler.
	Settings postgres.Settings
}

// StartPooler starts a PgBouncer in front of a database, until the test ends.
// Its clients share the given number of server sessions. It skips the test if
// PgBouncer is not installed, and fails it in CI.
func StartPooler(t testing.TB, database postgres.Settings, sessions int) *Pooler {
	t.Helper()
	if _, err := exec.LookPath("pgbouncer"); err != nil {
		message := "this test needs PgBouncer: install it (Debian: pgbouncer)"
		if os.Getenv("CI") == "true" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	target, err := url.Parse(database.URL)
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir, whose path may be too long for a socket.
	directory, err := os.MkdirTemp("", "pooler-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	configuration := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
pool_mode = transaction
default_pool_size = %d
auth_type = any
unix_socket_dir = %s
listen_port = 6432
server_login_retry = 1
`, target.Hostname(), target.Port(), target.User.Username(), sessions, directory)
	// PgBouncer drops root privileges before it creates its socket.
	if err := os.Chmod(directory, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "pgbouncer.ini"), []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	query := url.Values{"host": {directory}, "port": {"6432"}}
	through := url.URL{Scheme: "postgres", User: target.User, Path: target.Path, RawQuery: query.Encode()}
	pooler := &Pooler{t: t, directory: directory, Settings: postgres.Settings{URL: through.String(), DirectURL: database.URL, MaxConnections: database.MaxConnections}}
	pooler.Start()
	t.Cleanup(pooler.Stop)
	return pooler
}

// Start starts the pooler, also after Stop.
func (p *Pooler) Start() {
	p.t.Helper()
	arguments := []string{filepath.Join(p.directory, "pgbouncer.ini")}
	if os.Geteuid() == 0 {
		arguments = append([]string{"-u", "postgres"}, arguments...)
	}
	p.command = exec.Command("pgbouncer", arguments...)
	output, err := p.command.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	watchdog := time.AfterFunc(timeout, func() { _ = p.command.Process.Kill() })
	defer watchdog.Stop()
	lines := bufio.NewReader(output)
	printed := ""
	for !strings.Contains(printed, "process up") {
		line, err := lines.ReadString('\n')
		if printed += line; err != nil {
			p.t.Fatalf("PgBouncer did not start: %s", printed)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
}

// Stop terminates the pooler and all connections through it.
func (p *Pooler) Stop() {
	if p.command.ProcessState == nil {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		_ = p.command.Wait()
	}
}
