package server_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/app"
	"carebase/internal/server"
	"carebase/internal/testing/testapp"
)

// places is at least how many requests of a caller are worked on at once.
func places() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

// TestACallersRequestsWaitForEachOther has requests of one user that do not end.
func TestACallersRequestsWaitForEachOther(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	var mutex sync.Mutex
	inside, most := 0, 0
	begun, goOn := make(chan struct{}, 1000), make(chan struct{})
	server.App.OnRecordsListRequest("doctors").BindFunc(func(e *core.RecordsListRequestEvent) error {
		if e.Auth.Id != alice.ID {
			return e.Next()
		}
		mutex.Lock()
		inside++
		most = max(most, inside)
		mutex.Unlock()
		begun <- struct{}{}
		<-goOn
		mutex.Lock()
		inside--
		mutex.Unlock()
		return e.Next()
	})
	var answers sync.WaitGroup
	for range 5 * places() {
		answers.Go(func() {
			if status := server.Call(alice.Access, "GET", testapp.Records("doctors"), nil).Status; status != 200 {
				t.Errorf("got %d", status)
			}
		})
	}
	<-begun
	// Neither another user, nor a guest, nor a superuser waits.
	for range 20 {
		server.Patient(bob, "Ann")
		server.Must(200, bob.Access, "GET", testapp.Records("doctors"), nil)
	}
	server.SignUp("carol")
	server.Must(200, server.Superuser(), "GET", testapp.Records("patients"), nil)
	close(goOn)
	answers.Wait()
	if most > places() {
		t.Errorf("%d requests of one user were worked on at once", most)
	}
}

// TestWaitingClientsHoldNoPlace has many requests of a user whose bodies do not come, and
// many whose answers are not read.
func TestWaitingClientsHoldNoPlace(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	for range 40 {
		server.Create(alice, "patients", map[string]any{"name": "Patient", "age": 1, "notes": strings.Repeat("long ", 50_000)})
	}
	body := `{"name": "Late", "age": 1}`
	begin := func(format string, values ...any) net.Conn {
		t.Helper()
		connection := dial(t, server)
		if err := connection.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(connection, format, values...); err != nil {
			t.Fatal(err)
		}
		return connection
	}
	var late []net.Conn
	for range places() + 1 {
		late = append(late, begin("POST /api/patients/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			alice.Access, len(body), body[:4]))
		for _, path := range []string{"/api/patients/", testapp.Records("patients")} {
			unread := begin("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, alice.Access)
			if status, err := bufio.NewReaderSize(unread, 16).ReadString('\n'); err != nil || !strings.Contains(status, "200") {
				t.Fatalf("got %q, %v", status, err)
			}
		}
	}
	server.Must(200, alice.Access, "GET", "/api/overview/", nil)
	for _, connection := range late {
		if _, err := io.WriteString(connection, body[4:]); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || answer.StatusCode != http.StatusCreated {
			t.Errorf("got %v, %v", answer, err)
		}
	}
}

// TestWaitingForAPlaceEnds has requests of one user that take all places for longer than
// the others may wait. Signing out is no such work.
func TestWaitingForAPlaceEnds(t *testing.T) {
	t.Parallel()
	server := testapp.Serve(t, testapp.NewApp(t, testapp.Default(), func(options *app.Options) {
		options.Timeouts = server.Timeouts{User: 2 * time.Second}
	}))
	alice := server.SignUp("alice")
	goOn := make(chan struct{})
	server.App.OnRecordsListRequest("doctors").BindFunc(func(e *core.RecordsListRequestEvent) error {
		<-goOn
		return e.Next()
	})
	var answers sync.WaitGroup
	for range 5 * places() {
		answers.Go(func() { server.Call(alice.Access, "GET", testapp.Records("doctors"), nil) })
	}
	testapp.Eventually(t, 30*time.Second, "all places are taken", func() bool {
		response := server.Call(alice.Access, "GET", "/api/patients/", nil)
		return response.Status == 503 && strings.Contains(response.Body, "took too long")
	})
	server.Must(200, alice.Access, "POST", "/api/auth/logout/all/", nil)
	close(goOn)
	answers.Wait()
}

// TestClosedWhileWaiting sets a user inactive whose requests wait, for their turn or for
// the rest of their body.
func TestClosedWhileWaiting(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, superuser := server.SignUp("alice"), server.Superuser()
	goOn := make(chan struct{})
	server.App.OnRecordsListRequest("doctors").BindFunc(func(e *core.RecordsListRequestEvent) error {
		<-goOn
		return e.Next()
	})
	body := `{"name": "Late", "age": 1}`
	var late []net.Conn
	for _, path := range []string{"/api/patients/", testapp.Records("patients")} {
		connection := dial(t, server)
		if _, err := fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			path, alice.Access, len(body), body[:4]); err != nil {
			t.Fatal(err)
		}
		late = append(late, connection)
	}
	var answers sync.WaitGroup
	var mutex sync.Mutex
	statuses := map[int]int{}
	for range 5 * places() {
		answers.Go(func() {
			status := server.Call(alice.Access, "GET", testapp.Records("doctors"), nil).Status
			mutex.Lock()
			defer mutex.Unlock()
			statuses[status]++
		})
	}
	untilRequestsWait(t, server, alice)
	server.Must(200, superuser, "PATCH", testapp.Records("users")+"/"+alice.ID, map[string]any{"inactive": true})
	close(goOn)
	answers.Wait()
	if statuses[200] > places() || statuses[401] == 0 {
		t.Errorf("got %v", statuses)
	}
	for _, connection := range late {
		if _, err := io.WriteString(connection, body[4:]); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || answer.StatusCode < 400 || answer.StatusCode > 401 {
			t.Errorf("got %v, %v", answer, err)
		}
	}
}

// untilRequestsWait returns once a user's requests wait for others that do not end.
func untilRequestsWait(t *testing.T, server *testapp.Server, user testapp.User) {
	t.Helper()
	impatient := http.Client{Timeout: time.Second / 2} // longer than a body may come unasked
	testapp.Eventually(t, 30*time.Second, "the requests wait", func() bool {
		request, err := http.NewRequest(http.MethodGet, server.URL+"/api/patients/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+user.Access)
		response, err := impatient.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		return err != nil
	})
}

// TestWhatHasWaitedIsReadAgain has a patient changed and another one deleted while requests
// for them wait.
func TestWhatHasWaitedIsReadAgain(t *testing.T) {
	t.Parallel()
	running := testapp.NewApp(t, testapp.Default())
	// A request that waits has signed its caller in.
	reads := make(chan struct{}, 1000)
	running.ConcurrentDB().(*dbx.DB).QueryLogFunc = func(_ context.Context, _ time.Duration, statement string, _ *sql.Rows, err error) {
		if err == nil && strings.Contains(statement, "LEFT JOIN `patients`") {
			reads <- struct{}{}
		}
	}
	goOn := make(chan struct{})
	running.OnRecordsListRequest("doctors").BindFunc(func(e *core.RecordsListRequestEvent) error {
		<-goOn
		return e.Next()
	})
	server := testapp.Serve(t, running)
	release := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release)
	alice, superuser := server.SignUp("alice"), server.Superuser()
	changed, deleted := server.Patient(alice, "Anna"), server.Patient(alice, "Berta")
	var answers sync.WaitGroup
	for range places() {
		answers.Go(func() { server.Call(alice.Access, "GET", testapp.Records("doctors"), nil) })
	}
	untilRequestsWait(t, server, alice)
	for len(reads) > 0 {
		<-reads
	}
	late := map[string]testapp.Response{}
	var mutex sync.Mutex
	for _, id := range []string{changed, deleted} {
		answers.Go(func() {
			answer := server.Call(alice.Access, "GET", "/api/patients/"+id+"/", nil)
			mutex.Lock()
			defer mutex.Unlock()
			late[id] = answer
		})
	}
	for range 2 {
		select {
		case <-reads:
		case <-time.After(30 * time.Second):
			t.Fatal("they do not wait")
		}
	}
	server.Must(200, superuser, "PATCH", testapp.Records("patients")+"/"+changed, map[string]any{"notes": "changed"})
	server.Must(204, superuser, "DELETE", testapp.Records("patients")+"/"+deleted, nil)
	release()
	answers.Wait()
	if answer := late[changed]; answer.Status != 200 || !strings.Contains(answer.Body, `"notes":"changed"`) {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
	if answer := late[deleted]; answer.Status != 404 {
		t.Errorf("the deleted one: got %d %s", answer.Status, answer.Body)
	}
}
