package hooks_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// attachments are files of records in the data directory.
type attachments struct {
	*held
	directory, collection string
}

func newAttachments(t *testing.T) attachments {
	t.Helper()
	h := newHeld(t)
	h.hold.Store(false)
	collection := h.NewAttachments(h.superuser)
	return attachments{h, filepath.Join(h.App.DataDir(), "storage", collection), collection}
}

func (a attachments) attach(patient string) string {
	a.Helper()
	id := a.Attach(a.superuser, patient)
	if !a.have(id) {
		a.Fatal("the file is not stored")
	}
	return id
}

func (a attachments) have(id string) bool {
	found, _ := filepath.Glob(filepath.Join(a.directory, id, "letter*.txt"))
	return len(found) > 0
}

func (a attachments) delete(collection, id string) {
	a.Helper()
	a.Must(http.StatusNoContent, a.superuser, "DELETE", testapp.Records(collection)+"/"+id, nil)
}

// await waits until somebody has tried to remove the files of records.
func (a attachments) await(outage *testapp.Outage, ids ...string) {
	a.Helper()
	testapp.Eventually(a.TB, 30*time.Second, "somebody tries to remove the files", func() bool {
		for _, id := range ids {
			if !outage.WasAsked(a.collection + "/" + id + "/") {
				return false
			}
		}
		return true
	})
}

// TestFilesOfDeletedRecordsGoAfterAnOutage deletes a record, and an account with many,
// while the storage of files fails.
func TestFilesOfDeletedRecordsGoAfterAnOutage(t *testing.T) {
	a := newAttachments(t)
	alice, bob := a.SignUp("alice"), a.SignUp("bob")
	var lost []string
	for _, patient := range a.patients(alice, many)[:5] {
		lost = append(lost, a.attach(patient))
	}
	single, kept, last := a.attach(""), a.attach(a.Patient(bob, "Kept")), a.attach("")
	lost = append(lost, single)

	outage := a.LoseFiles(a.superuser)
	a.delete("users", alice.ID)
	a.delete(testapp.Attachments, single)
	a.await(outage, lost...)
	if got := a.Call(a.superuser, "POST", testapp.Records(testapp.Attachments), map[string]any{"id": single}); got.Status != http.StatusBadRequest {
		t.Errorf("a new record gets the place of files that are about to be removed: %d %s", got.Status, got.Body)
	}
	half, _ := filepath.Glob(filepath.Join(a.directory, lost[0], "letter*.txt")) // as a kill leaves it
	if len(half) != 1 || os.Remove(half[0]) != nil {
		t.Fatalf("got %v", half)
	}
	outage.End(a.Server)
	a.delete(testapp.Attachments, last) // nobody waits for the next try
	for _, id := range append(lost, last) {
		testapp.Eventually(t, 30*time.Second, "the files are removed", func() bool {
			_, err := os.Stat(filepath.Join(a.directory, id))
			return os.IsNotExist(err)
		})
	}
	if !a.have(kept) {
		t.Error("the file of a record that was not deleted is gone")
	}
	testapp.Eventually(t, 10*time.Second, "nothing is noted any more", func() bool { return a.count("file_removals", "true") == 0 })
	a.Must(http.StatusOK, a.superuser, "POST", testapp.Records(testapp.Attachments), map[string]any{"id": single})
}

// TestFilesOfADeletedCollectionGoAfterAnOutage is about those of all its records.
func TestFilesOfADeletedCollectionGoAfterAnOutage(t *testing.T) {
	a := newAttachments(t)
	a.attach("")
	outage := a.LoseFiles(a.superuser)
	a.Must(http.StatusNoContent, a.superuser, "DELETE", "/api/collections/"+testapp.Attachments, nil)
	testapp.Eventually(t, 30*time.Second, "somebody tries to remove the files", func() bool { return outage.WasAsked(a.collection + "/") })
	outage.End(a.Server)
	testapp.Eventually(t, 30*time.Second, "the files are removed", func() bool {
		_, err := os.Stat(a.directory)
		return os.IsNotExist(err)
	})
}

// TestFilesOfARecordThatIsThereAgainStay stores a record beside the server, which refuses
// it, between the deletion of one with its id and the removal of the files.
func TestFilesOfARecordThatIsThereAgainStay(t *testing.T) {
	a := newAttachments(t)
	again, last := a.attach(""), a.attach("")
	outage := a.LoseFiles(a.superuser)
	a.delete(testapp.Attachments, again)
	a.await(outage, again)
	if _, err := a.App.NonconcurrentDB().NewQuery("INSERT INTO attachments (id, patient, letter) VALUES ('" + again + "', '', '')").Execute(); err != nil {
		t.Fatal(err)
	}
	outage.End(a.Server)
	a.delete(testapp.Attachments, last)
	testapp.Eventually(t, 30*time.Second, "nothing is noted any more", func() bool { return a.count("file_removals", "true") == 0 })
	if !a.have(again) {
		t.Error("a file of a record that is there is gone")
	}
}
