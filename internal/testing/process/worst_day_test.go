package process

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// worstDay is a clinic on the worst of its days.
type worstDay struct {
	t       *testing.T
	storage storage
	// elsewhere is another machine: it has the replica, the backups, the heads and the
	// key.
	elsewhere   string
	environment []string
	server      *process
	office      *office
	// report tells how long each part took and what was lost.
	report []string
}

// TestTheWorstDay plays it: the disk fills while clerks write, the process is killed,
// the machine is lost; then the data is restored from the replica and from the encrypted
// backup of the night. It prints how long each part took and what was lost.
func TestTheWorstDay(t *testing.T) {
	testpostgres.ChooseSQLite(t)
	day := beginWorstDay(t)
	day.timed("a backup of the night", func() string {
		succeeds(t, day.storage.directory, day.environment, "backup", "create", "night.zip")
		backup, err := os.ReadFile(filepath.Join(day.storage.directory, "pb_data", "backups", "night.zip.age"))
		if err := errors.Join(err, os.WriteFile(filepath.Join(day.elsewhere, "night.zip.age"), backup, 0o600)); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d kB", len(backup)>>10)
	})
	inBackup := day.events()
	day.timed("a full disk", day.fillDisk)
	day.timed("a killed process", day.killProcess)
	watcher := day.server.SignUp("watcher")
	others := []string{}
	replicated(t, filepath.Join(day.storage.directory, "pb_data"), filepath.Join(day.elsewhere, "replica"), func() {
		others = append(others, key("patients", day.server.Patient(watcher, "Sent")))
	})
	inReplica := day.events()
	day.awaitHeads()
	day.timed("a lost machine", day.loseMachine)
	all := day.events()

	if lost := day.restored("replica", others, "--from-replica"); lost > all-inReplica {
		t.Errorf("the replica lost %d events, more than the %d since it was complete", lost, all-inReplica)
	}
	succeeds(t, day.elsewhere, nil, "backup", "verify", filepath.Join(day.elsewhere, "night.zip.age"), "--identity", "key.txt")
	if lost := day.restored("backup", others, filepath.Join(day.elsewhere, "night.zip.age"), "--identity", "key.txt"); lost == 0 || lost > all-inBackup {
		t.Errorf("the backup lost %d events, of %d since it was made", lost, all-inBackup)
	}
	t.Logf("the worst day, with %d acknowledged writes (%d events):\n%s", day.office.acknowledged.Load(), all, strings.Join(day.report, "\n"))
}

func beginWorstDay(t *testing.T) *worstDay {
	t.Helper()
	day := &worstDay{t: t, storage: storage{directory: t.TempDir()}, elsewhere: t.TempDir()}
	if err := syscall.Mount("tmpfs", day.storage.directory, "tmpfs", 0, "size=48m"); err != nil {
		t.Logf("the disk will not be full, which needs the right to mount a small one: %v", err)
		day.report = append(day.report, "  the disk was not full: this test may not mount a small one")
	} else {
		t.Cleanup(func() {
			if err := syscall.Unmount(day.storage.directory, 0); err != nil {
				t.Error(err)
			}
		})
	}
	identity, err := age.GenerateX25519Identity()
	if err == nil {
		err = os.WriteFile(filepath.Join(day.elsewhere, "key.txt"), []byte(identity.String()), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	day.environment = []string{
		"THROTTLE=False", "REPLICA_URL=file://" + filepath.Join(day.elsewhere, "replica"), "BACKUP_RECIPIENT=" + identity.Recipient().String(),
		"AUDIT_HEADS_URL=file://" + filepath.Join(day.elsewhere, "heads.jsonl"), "AUDIT_HEADS_INTERVAL=1s",
	}
	migrate(t, day.storage.directory)
	day.server = day.storage.serve(t, day.environment...)
	day.office = newOffice(day.server.Server, 8, 1)
	day.work(40, func() {})
	return day
}

// timed reports how long a part took, and what it says.
func (d *worstDay) timed(name string, part func() string) {
	d.t.Helper()
	began := time.Now()
	said := part()
	d.report = append(d.report, fmt.Sprintf("  %-28s %6.1f s  %s", name, time.Since(began).Seconds(), said))
}

// work has the clerks write some more, and something happen while they do.
func (d *worstDay) work(count int64, happens func()) {
	d.t.Helper()
	stop := make(chan struct{})
	wait := d.office.work(d.t, stop, d.server.URL)
	enough := d.office.acknowledged.Load() + count
	testapp.Eventually(d.t, time.Minute, "clerks write", func() bool { return d.t.Failed() || d.office.acknowledged.Load() >= enough })
	happens()
	close(stop)
	wait()
}

// fillDisk fills the disk until writes are refused, and makes room again.
func (d *worstDay) fillDisk() string {
	if len(d.report) > 1 { // there is no small disk
		return "not played"
	}
	full := fill(d.t, d.storage.directory)
	d.office.work(d.t, nil, d.server.URL)() // until each clerk is refused
	d.office.check(d.t, d.storage)
	if err := os.Remove(full); err != nil {
		d.t.Fatal(err)
	}
	testapp.Eventually(d.t, 30*time.Second, "the server is ready again", func() bool {
		return d.server.Call("", "GET", "/readyz", nil).Status == http.StatusOK
	})
	d.work(40, func() {})
	d.office.check(d.t, d.storage)
	return "nothing lost"
}

// killProcess kills the server while clerks write, and starts it again.
func (d *worstDay) killProcess() string {
	d.work(40, func() { d.server.kill(d.t) })
	_ = d.server.command.Wait()
	d.server = d.storage.serve(d.t, d.environment...)
	d.office.check(d.t, d.storage)
	d.storage.verify(d.t)
	return "nothing lost"
}

// awaitHeads waits until the heads of what has happened so far are elsewhere.
func (d *worstDay) awaitHeads() {
	size := func() int64 {
		heads, err := os.Stat(filepath.Join(d.elsewhere, "heads.jsonl"))
		if err != nil {
			return 0
		}
		return heads.Size()
	}
	before := size()
	testapp.Eventually(d.t, 30*time.Second, "the heads are written", func() bool { return size() > before })
}

// loseMachine kills the server while clerks write, and removes all that it had.
func (d *worstDay) loseMachine() string {
	d.work(40, func() { d.server.kill(d.t) })
	_ = d.server.command.Wait()
	entries, err := os.ReadDir(d.storage.directory)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(d.storage.directory, entry.Name())); err != nil {
			d.t.Fatal(err)
		}
	}
	return "what elsewhere has is left"
}

// restored restores into another directory, verifies it, compares its trail with the
// heads of the lost machine, serves it, and returns how many events are missing.
func (d *worstDay) restored(name string, others []string, arguments ...string) (lost int64) {
	t := d.t
	t.Helper()
	place := storage{directory: t.TempDir()}
	d.timed("restoring from the "+name, func() string {
		command := command(t, d.elsewhere, d.environment, append([]string{"backup", "restore", "--dir", filepath.Join(place.directory, "pb_data")}, arguments...)...)
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, said)
		}
		place.verify(t)
		heads := "the trail has all that the heads know"
		if said, err := place.command(t, "audit", "verify", "--heads", filepath.Join(d.elsewhere, "heads.jsonl")).CombinedOutput(); err != nil {
			if !strings.Contains(string(said), "missing") {
				t.Errorf("%s: %v: %s", name, err, said)
			}
			heads = "the heads show what the trail lacks"
		}
		lost = d.lostIn(place, others)
		if lost > 0 && name == "backup" && !strings.HasPrefix(heads, "the heads show") {
			t.Errorf("the heads do not show that the %s lacks %d events", name, lost)
		}
		server := place.serve(t)
		server.Must(http.StatusOK, d.office.clerks[0].user.Access, "GET", "/api/patients/?page=1", nil)
		server.end(t)
		return fmt.Sprintf("%d events lost; %s", lost, heads)
	})
	return lost
}

// events counts the events of all acknowledged writes.
func (d *worstDay) events() (count int64) {
	for _, clerk := range d.office.clerks {
		for row := range maps.Values(clerk.rows) {
			count += int64(len(row.events))
		}
	}
	return count
}

// lostIn counts events of acknowledged writes that a restored database does not have.
func (d *worstDay) lostIn(place storage, others []string) (lost int64) {
	found := map[string]string{}
	place.use(d.t, func(database *dbx.DB) (err error) {
		found, err = storedEvents(database)
		return err
	})
	for _, other := range others {
		delete(found, other)
	}
	for _, clerk := range d.office.clerks {
		for row := range maps.Values(clerk.rows) {
			lost += int64(max(0, len(row.events)-len(found[row.key()])))
		}
	}
	return lost
}
