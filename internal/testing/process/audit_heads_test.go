package process

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// serveLogged starts a server whose standard error is returned when it has ended.
func serveLogged(t *testing.T, storage storage, environment ...string) (server *process, log *bytes.Buffer) {
	t.Helper()
	log = new(bytes.Buffer)
	server = &process{Server: &testapp.Server{TB: t}, command: storage.command(t, "serve")}
	server.command.Env = append(server.command.Env, environment...)
	server.command.Stderr = log
	output, err := server.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if server.command.ProcessState == nil {
			_ = server.command.Process.Kill()
			_ = server.command.Wait()
		}
	})
	server.output = bufio.NewReader(output)
	server.waitUntilReady(t)
	return server, log
}

// TestHeadsOfAProcessShowARewrittenTrail ends a server, shortens its chains as
// somebody with the database's password can, and verifies with the server's log,
// with the file and with a directory that the heads went to.
func TestHeadsOfAProcessShowARewrittenTrail(t *testing.T) {
	t.Parallel() // it waits, most of the time
	storage := newStorage(t)
	kept := t.TempDir()
	file := filepath.Join(kept, "heads.jsonl")
	server, log := serveLogged(t, storage, "AUDIT_HEADS_INTERVAL=1s", "AUDIT_HEADS_URL=file://"+file)
	ann := server.SignUp("ann")
	for _, name := range []string{"Ada", "Bea"} {
		server.Patient(ann, name)
	}
	server.end(t)
	if err := os.WriteFile(filepath.Join(storage.directory, "server.log"), append([]byte("a line of something else\n"), log.Bytes()...), 0o600); err != nil {
		t.Fatal(err)
	}
	places := []string{"server.log", file, "file://" + file, kept}
	verify := func(status int, arguments ...string) string {
		t.Helper()
		command := storage.command(t, append([]string{"audit", "verify"}, arguments...)...)
		output, _ := command.CombinedOutput()
		if command.ProcessState.ExitCode() != status {
			t.Errorf("%v: ended with %d: %s", arguments, command.ProcessState.ExitCode(), output)
		}
		return string(output)
	}
	for _, place := range places {
		verify(0, "--heads", place)
	}
	storage.use(t, func(database *dbx.DB) error {
		heads, err := audit.Heads(t.Context(), database)
		if err != nil {
			return err
		}
		for _, statement := range []string{"DELETE FROM audit_log", "DELETE FROM audit_chains"} {
			if _, err := database.NewQuery(statement).Execute(); err != nil {
				return err
			}
		}
		if len(heads) == 0 {
			t.Error("there was nothing to delete")
		}
		return nil
	})
	verify(0)
	for _, place := range places {
		if output := verify(1, "--heads", place); !strings.Contains(output, "is missing") {
			t.Errorf("%s: got %q", place, output)
		}
	}
}

// TestAMovedCheckpointIsFoundByTheCommand prunes as nobody may.
func TestAMovedCheckpointIsFoundByTheCommand(t *testing.T) {
	t.Parallel() // it waits, most of the time
	storage := newStorage(t)
	server, _ := serveLogged(t, storage)
	server.Patient(server.SignUp("ann"), "Ada")
	server.end(t)
	storage.use(t, func(database *dbx.DB) error {
		_, err := database.NewQuery("UPDATE audit_chains SET checkpoint_seq = seq, checkpoint_hash = hash").Execute()
		if err == nil {
			_, err = database.NewQuery("DELETE FROM audit_log").Execute()
		}
		return err
	})
	output, err := storage.command(t, "audit", "verify").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "no event records that its events were pruned") {
		t.Errorf("got %v: %s", err, output)
	}
}

// TestAnEndThatLosesEventsHasAStatus ends a server whose trail cannot be written.
func TestAnEndThatLosesEventsHasAStatus(t *testing.T) {
	t.Parallel() // it waits, most of the time
	storage := newStorage(t)
	server, log := serveLogged(t, storage)
	ann := server.SignUp("ann")
	patient := server.Patient(ann, "Ada")
	// The history is complete when it is asked for, so this stores all events.
	server.Must(200, ann.Access, "GET", "/api/patients/"+patient+"/history/", nil)
	storage.use(t, func(database *dbx.DB) error {
		_, err := database.RenameTable("audit_log", "audit_log_gone").Execute()
		return err
	})
	for range 3 {
		server.Must(200, ann.Access, "GET", "/api/patients/"+patient+"/", nil)
	}
	if err := server.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = server.output.WriteTo(new(bytes.Buffer))
	err := server.command.Wait()
	if server.command.ProcessState.ExitCode() != 1 || !strings.Contains(log.String(), "failed to store 3 audit events: ") {
		t.Errorf("ended with %v: %s", err, log)
	}
}
