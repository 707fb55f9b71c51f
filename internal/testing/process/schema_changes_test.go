package process

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// TestWritesDuringSchemaChanges has one process change collections while the other one
// writes to them: what cannot be written is told to come again.
func TestWritesDuringSchemaChanges(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	writeWhileChanging(t, fleet.processes[0], fleet.processes[1], fleet.operator())
}

// TestWritesDuringSchemaChangesOnSQLite has one process do both.
func TestWritesDuringSchemaChangesOnSQLite(t *testing.T) {
	t.Parallel()
	server := serve(t, migrated(t), []string{"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password})
	signedIn := server.Must(http.StatusOK, "", "POST", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": superuserEmail, "password": testapp.Password})
	writeWhileChanging(t, server, server, signedIn["token"].(string))
}

// writeWhileChanging writes to one process, from several clients at once, while another
// one, or the same, changes collections.
func writeWhileChanging(t *testing.T, changing, writing *process, operator string) {
	t.Helper()
	alice := changing.SignUp("alice")
	changing.Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{
		"name": "notices", "type": "base", "createRule": "", "fields": []any{map[string]any{"id": "text1", "name": "title0", "type": "text"}},
	})
	patient := writing.Patient(alice, "Patient")
	testapp.Eventually(t, 10*time.Second, "the other process knows the collection", func() bool {
		return writing.Call("", "POST", "/api/collections/notices/records", map[string]any{}).Status == http.StatusOK
	})
	stop := make(chan struct{})
	var written, put atomic.Int64
	var clerks sync.WaitGroup
	for _, write := range []struct {
		token, method, path string
		body                map[string]any
	}{
		{"", "POST", "/api/collections/notices/records", map[string]any{}},
		{operator, "POST", "/api/collections/notices/records", map[string]any{}},
		{operator, "POST", "/api/collections/patients/records", map[string]any{"name": "New", "age": 1, "created_by": alice.ID}},
		{alice.Access, "POST", "/api/collections/patients/records", map[string]any{"name": "New", "age": 1}},
		{alice.Access, "POST", "/api/patients/", map[string]any{"name": "New", "age": 1}},
		{alice.Access, "PATCH", "/api/patients/" + patient + "/", map[string]any{"name": "Other"}},
	} {
		clerks.Go(func() {
			for count := 0; ; count++ {
				select {
				case <-stop:
					return
				default:
				}
				for i := range 3 {
					write.body[fmt.Sprint("title", i)], write.body[fmt.Sprint("ward", i)] = fmt.Sprint("Text ", count), fmt.Sprint("Ward ", count)
				}
				switch answer := writing.Call(write.token, write.method, write.path, write.body); {
				case answer.Status < 300:
					written.Add(1)
				case answer.Status == http.StatusServiceUnavailable:
					put.Add(1)
				default:
					t.Errorf("%s %s: got %d %s", write.method, write.path, answer.Status, answer.Body)
					return
				}
			}
		})
	}
	for round := range 9 {
		enough := written.Load() + 20
		testapp.Eventually(t, 20*time.Second, "others write", func() bool { return t.Failed() || written.Load() >= enough })
		name := fmt.Sprint("title", (round+1)%3)
		changing.Must(http.StatusOK, operator, "PATCH", "/api/collections/notices", map[string]any{
			// Renamed, and made anew with another type.
			"fields": []any{map[string]any{"id": "text1", "name": name, "type": "text"}, map[string]any{"id": fmt.Sprint("number", round), "name": "amount", "type": []string{"number", "text"}[round%2]}},
		})
		changing.Must(http.StatusOK, operator, "PATCH", "/api/collections/patients", map[string]any{"fields": withField(changing, operator, map[string]any{"id": "ward1", "name": fmt.Sprint("ward", round%3), "type": "text"})})
	}
	close(stop)
	clerks.Wait()
	t.Logf("%d writes, %d told to come again", written.Load(), put.Load())
}

// withField returns the fields of the patients with one added, or changed.
func withField(server *process, operator string, field map[string]any) []any {
	server.Helper()
	collection := server.Must(http.StatusOK, operator, "GET", "/api/collections/patients", nil)
	fields, _ := collection["fields"].([]any)
	for i, each := range fields {
		if known, ok := each.(map[string]any); ok && known["id"] == field["id"] {
			fields[i] = field
			return fields
		}
	}
	return append(fields, field)
}
