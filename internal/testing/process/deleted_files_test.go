package process

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// TestAKillDoesNotKeepFilesOfDeletedRecords kills a server after it has deleted records and
// before it could remove their files: those of an account with much, and one of its own.
func TestAKillDoesNotKeepFilesOfDeletedRecords(t *testing.T) {
	storage := newStorage(t)
	credentials := []string{"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password, "THROTTLE=False"}
	server := storage.serve(t, credentials...)
	operator := superuserToken(server.Server, testapp.Password)
	server.NewAttachments(operator)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	for range 101 { // more than go with the account at once
		server.Attach(operator, server.Patient(alice, "Deleted"))
	}
	single, kept := server.Attach(operator, ""), server.Attach(operator, server.Patient(bob, "Kept"))

	outage := server.LoseFiles(operator)
	server.Must(http.StatusNoContent, operator, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	server.Must(http.StatusNoContent, operator, "DELETE", testapp.Records(testapp.Attachments)+"/"+single, nil)
	storage.use(t, func(database *dbx.DB) error {
		testapp.Eventually(t, time.Minute, "all records are removed", func() bool {
			var left int
			return database.NewQuery("SELECT count(*) FROM attachments").Row(&left) == nil && left == 1
		})
		return nil
	})
	server.kill(t)
	_ = server.command.Wait()
	storage.settle(t)
	server = storage.serve(t, credentials...)
	outage.End(server.Server)
	var left []string
	testapp.Eventually(t, time.Minute, "the files are removed", func() bool {
		left, _ = filepath.Glob(filepath.Join(storage.directory, "pb_data", "storage", "*", "*", "letter*.txt"))
		return len(left) <= 1
	})
	if len(left) != 1 || filepath.Base(filepath.Dir(left[0])) != kept {
		t.Errorf("the file of %s is not what is left: %v", kept, left)
	}
}
