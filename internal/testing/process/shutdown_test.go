package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/testing/testapp"
)

// TestTheEndWaitsForRunningRequests tells a server to end while it reads a body
// and writes a list, and right after it has shown a patient.
func TestTheEndWaitsForRunningRequests(t *testing.T) {
	t.Parallel()
	const patients, views = 200, 50
	storage := newStorage(t)
	server := storage.serve(t)
	ann := server.SignUp("ann")
	storage.use(t, func(database *dbx.DB) error {
		return insertLongPatients(database, ann.ID, patients)
	})
	seen := server.Patient(ann, "Seen")
	subscribe(t, server.Connect(), ann, "patients/*") // must keep nobody waiting
	upload := beginUpload(t, server.Server, ann, `{"name":"Uploaded","age":34,"notes":"Diabetic"}`)
	list := beginList(t, server.Server, ann)
	for range views {
		server.Must(http.StatusOK, ann.Access, "GET", "/api/patients/"+seen+"/", nil)
	}
	if err := server.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	testapp.Eventually(t, 10*time.Second, "new connections are refused", func() bool {
		connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	if status, body := upload(); status != http.StatusCreated || !strings.Contains(body, "Uploaded") {
		t.Errorf("the upload: got %d %s", status, body)
	}
	var listed []map[string]any
	if err := json.Unmarshal(list(), &listed); err != nil || len(listed) != patients+1 {
		t.Errorf("the list: got %d patients, %v", len(listed), err)
	}
	began := time.Now()
	server.end(t)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the end took %s after the last answer", took)
	}
	output, err := storage.command(t, "audit", "export").Output()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(output)) {
		var event audit.Exported
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if event.Action == audit.Read && event.Collection == "patients" && slices.Contains(event.Records, seen) {
			count++
		}
	}
	if count != views+1 {
		t.Errorf("got %d events of reading, want %d and the list's", count, views)
	}
	storage.use(t, func(database *dbx.DB) error {
		var uploaded int
		err := database.NewQuery("SELECT count(*) FROM patients WHERE name = 'Uploaded'").Row(&uploaded)
		if uploaded != 1 {
			t.Errorf("got %d uploaded patients", uploaded)
		}
		return err
	})
}

// insertLongPatients makes a list that no socket's buffers hold.
func insertLongPatients(database *dbx.DB, owner string, count int) error {
	return database.Transactional(func(tx *dbx.Tx) error {
		for i := range count {
			_, err := tx.Insert("patients", dbx.Params{
				"id": fmt.Sprintf("p%014d", i), "created_by": owner, "created_at": "2025-01-01 00:00:00.000Z",
				"name": "Patient", "age": 34, "notes": strings.Repeat("long ", 15_000),
			}).Execute()
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// beginUpload sends half of a patient and returns what sends the other half and
// reads the answer. The server has begun with the request then.
func beginUpload(t *testing.T, server *testapp.Server, user testapp.User, body string) func() (int, string) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(connection, "POST /api/patients/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", user.Access, len(body))
	if err != nil {
		t.Fatal(err)
	}
	answer := bufio.NewReader(connection)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := answer.ReadString('\n'); err != nil || line != want {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	send := func(part string) {
		if _, err := io.WriteString(connection, part); err != nil {
			t.Fatal(err)
		}
	}
	send(body[:len(body)/2])
	return func() (int, string) {
		send(body[len(body)/2:])
		response, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(content)
	}
}

// beginList reads the beginning of a user's list and returns what reads all of it.
func beginList(t *testing.T, server *testapp.Server, user testapp.User) func() []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL+"/api/patients/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+user.Access)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	body := bufio.NewReader(response.Body)
	if _, err := body.Peek(1); err != nil {
		t.Fatal(err)
	}
	return func() []byte {
		content, err := io.ReadAll(body)
		if err != nil {
			t.Error("the list was broken off: ", err)
		}
		return content
	}
}
