package process

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestAFullDisk fills the disk of a server while clerks write, and makes room
// again.
func TestAFullDisk(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	storage := storage{directory: t.TempDir()}
	if !mountSmallDisk(t, storage.directory) {
		return
	}
	migrate(t, storage.directory)
	server := storage.serve(t, "THROTTLE=False")
	office := newOffice(server.Server, 16, 1)
	watcher := server.SignUp("watcher")
	seen := server.Patient(watcher, "Seen")
	full := fill(t, storage.directory)
	// SQLite goes on for as long as its files have room inside.
	office.work(t, nil, server.URL)()
	office.check(t, storage, key("patients", seen))

	for path, shape := range map[string]string{
		"/api/patients/":                    `{"detail":"There is no room left`,
		"/api/collections/patients/records": `{"data":{},"message":"There is no room left`,
	} {
		answer := server.Call(watcher.Access, "POST", path, map[string]any{"name": "New", "age": 34, "notes": strings.Repeat("long ", 20_000)})
		if answer.Status != http.StatusInsufficientStorage || !strings.HasPrefix(answer.Body, shape) {
			t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
		}
	}
	reads := func() {
		for _, path := range []string{"/api/patients/", "/api/patients/" + seen + "/", "/api/collections/patients/records"} {
			if answer := server.Call(watcher.Access, "GET", path, nil); answer.Status != http.StatusOK || !strings.Contains(answer.Body, seen) {
				t.Errorf("%s: got %d %s", path, answer.Status, answer.Body)
			}
		}
	}
	testapp.Eventually(t, 30*time.Second, "the server is not ready", func() bool {
		reads()
		answer := server.Call("", "GET", "/readyz", nil)
		return answer.Status == http.StatusServiceUnavailable && strings.Contains(answer.Body, "The audit trail cannot be written.")
	})
	if answer := server.Call("", "GET", "/healthz", nil); answer.Status != http.StatusOK {
		t.Errorf("the process lives: got %d", answer.Status)
	}

	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	testapp.Eventually(t, 30*time.Second, "the server is ready again", func() bool {
		return server.Call("", "GET", "/readyz", nil).Status == http.StatusOK
	})
	stop := make(chan struct{})
	wait := office.work(t, stop, server.URL)
	enough := office.acknowledged.Load() + 100
	testapp.Eventually(t, 30*time.Second, "clerks write again", func() bool { return t.Failed() || office.acknowledged.Load() >= enough })
	close(stop)
	wait()
	reads()
	server.end(t)
	office.check(t, storage, key("patients", seen))
	storage.verify(t)
}

// mountSmallDisk makes a directory a disk of its own. Where CI may not mount,
// TestNoRoomInTheDatabase in hooks/ has to do.
func mountSmallDisk(t *testing.T, directory string) bool {
	t.Helper()
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, "size=32m"); err != nil {
		message := fmt.Sprintf("this test needs the right to mount a small disk (run it as root): %v", err)
		if os.Getenv("CI") != "true" {
			t.Skip(message)
		}
		t.Log(message)
		return false
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(directory, 0); err != nil {
			t.Error(err)
		}
	})
	return true
}

// fill writes a file until nothing more fits on its disk.
func fill(t *testing.T, directory string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(directory, "full"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	return file.Name()
}

// zeros is without an end.
type zeros struct{}

func (zeros) Read(data []byte) (int, error) {
	clear(data)
	return len(data), nil
}
