package process

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// TestKillsDoNotStopDeletions kills a server while it removes what a deleted user
// owned, again and again.
func TestKillsDoNotStopDeletions(t *testing.T) {
	const patients, kills = 3000, 3
	storage := newStorage(t)
	server := storage.serve(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	kept := server.Patient(bob, "Kept")
	server.end(t)
	storage.use(t, func(database *dbx.DB) error {
		return database.Transactional(func(tx *dbx.Tx) error {
			for i := range patients {
				_, err := tx.Insert("patients", dbx.Params{
					"id": strconv.Itoa(100_000 + i), "created_by": alice.ID, "created_at": "2026-01-02 03:04:05.678Z", "name": "Patient", "age": 1, "notes": "",
				}).Execute()
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	server = storage.serve(t)
	server.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	for range kills {
		server.kill(t)
		_ = server.command.Wait()
		storage.settle(t)
		server = storage.serve(t)
		if list := server.Call(bob.Access, "GET", "/api/patients/", nil).List(server.Server); len(list) != 1 || testapp.ID(list[0]["id"]) != kept {
			t.Fatalf("bob sees %v", list)
		}
	}
	testapp.Eventually(t, time.Minute, "everything is removed", func() bool {
		return !strings.Contains(server.Call("", "GET", "/readyz", nil).Body, "removed")
	})
	server.end(t)
	storage.use(t, func(database *dbx.DB) error {
		var left int
		if err := database.NewQuery("SELECT count(*) FROM patients").Row(&left); err != nil {
			return err
		}
		if left != 1 {
			t.Errorf("%d patients are left", left)
		}
		return nil
	})
	storage.verify(t)
}
