package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestDeadlockIsConflict makes two batches lock two patients in opposite order.
func TestDeadlockIsConflict(t *testing.T) {
	testpostgres.Choose(t)
	app := testapp.NewApp(t, testapp.Default())
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	server := testapp.Serve(t, app)
	alice := server.SignUp("alice")
	patients := []string{server.Patient(alice, "A"), server.Patient(alice, "B")}
	arrivals := make(chan struct{}, 2)
	both := make(chan struct{})
	app.OnRecordUpdateExecute(collections.Patients).BindFunc(func(e *core.RecordEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		select {
		case arrivals <- struct{}{}: // the first patient of a batch
			if len(arrivals) == cap(arrivals) {
				close(both)
			}
			select {
			case <-both:
			case <-time.After(10 * time.Second):
			}
		default:
		}
		return nil
	})
	const rounds = 2 // each takes PostgreSQL's deadlock_timeout, a second
	for round := range rounds {
		arrivals, both = make(chan struct{}, 2), make(chan struct{})
		answers := renameInOppositeOrder(server, alice, patients, fmt.Sprintf("Round %d side ", round))
		winner := slices.IndexFunc(answers[:], func(answer testapp.Response) bool { return answer.Status == http.StatusOK })
		if winner < 0 {
			t.Fatalf("both failed: %v", answers)
		}
		loser := answers[1-winner]
		if loser.Status != http.StatusConflict || strings.Contains(loser.Body, "deadlock") || strings.Contains(loser.Body, "UPDATE") || strings.Contains(loser.Body, "SELECT") {
			t.Errorf("the batch that lost a deadlock: got %d %s", loser.Status, loser.Body)
		}
		for _, id := range patients {
			if got := server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+id+"/", nil)["name"]; got != fmt.Sprintf("Round %d side %d", round, winner) {
				t.Errorf("a patient is called %v, half of a batch", got)
			}
		}
	}
}

// renameInOppositeOrder sends two batches at the same time. Each renames all
// patients, to the prefix and the batch's number.
func renameInOppositeOrder(server *testapp.Server, user testapp.User, patients []string, prefix string) (answers [2]testapp.Response) {
	var group sync.WaitGroup
	for side := range answers {
		order := slices.Clone(patients)
		if side == 1 {
			slices.Reverse(order)
		}
		var requests []any
		for _, id := range order {
			requests = append(requests, map[string]any{"method": "PATCH", "url": "/api/collections/patients/records/" + id, "body": map[string]any{"name": prefix + fmt.Sprint(side)}})
		}
		group.Go(func() {
			answers[side] = server.Call(user.Access, "POST", "/api/batch", map[string]any{"requests": requests})
		})
	}
	group.Wait()
	return answers
}

// TestEndedStatementIsServerError ends statements as a timeout and as a lost
// connection do.
func TestEndedStatementIsServerError(t *testing.T) {
	testpostgres.Choose(t)
	server := testapp.New(t)
	alice := server.SignUp("alice")
	id := server.Patient(alice, "Before")
	location, _ := testapp.PostgreSQL(server.App)
	connect := func() *pgx.Conn {
		connection, err := pgx.Connect(t.Context(), location)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close(context.Background()) })
		return connection
	}
	other, ending := connect(), connect()
	for _, end := range []string{"pg_cancel_backend", "pg_terminate_backend"} {
		for _, path := range []string{"/api/collections/patients/records/" + id, "/api/patients/" + id + "/"} {
			transaction, err := other.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := transaction.Exec(t.Context(), "SELECT FROM data.patients WHERE id = $1 FOR UPDATE", id); err != nil {
				t.Fatal(err)
			}
			answered := make(chan testapp.Response, 1)
			go func() {
				answered <- server.Call(alice.Access, "PATCH", path, map[string]any{"name": "After"})
			}()
			for ended := 0; ended == 0 && len(answered) == 0; {
				query := "SELECT count(*) FILTER (WHERE " + end + "(pid)) FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
				if err := ending.QueryRow(t.Context(), query).Scan(&ended); err != nil {
					t.Fatal(err)
				}
			}
			answer := <-answered
			if answer.Status < 500 || strings.Contains(answer.Body, "cancel") || strings.Contains(answer.Body, "UPDATE") || strings.Contains(answer.Body, "connection") {
				t.Errorf("%s, %s: got %d %s", end, path, answer.Status, answer.Body)
			}
			if err := transaction.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+id+"/", nil)["name"]; got != "Before" {
				t.Errorf("%s, %s: the patient is called %v", end, path, got)
			}
		}
	}
}

// TestLockedTableIsUnavailable locks a table for longer than requests wait for it.
func TestLockedTableIsUnavailable(t *testing.T) {
	testpostgres.Choose(t)
	t.Setenv(testpostgres.Variable, os.Getenv(testpostgres.Variable)+"&lock_timeout=300ms")
	server := testapp.New(t)
	alice := server.SignUp("alice")
	operator := server.Superuser()
	id := server.Patient(alice, "Before")
	location, _ := testapp.PostgreSQL(server.App)
	other, err := pgx.Connect(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	transaction, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"patients", "doctors", "mappings", "users"} {
		if _, err := transaction.Exec(t.Context(), "LOCK TABLE data."+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
	}
	var asking sync.WaitGroup
	for _, request := range []struct {
		token, method, path string
		body                any
	}{
		{alice.Access, "GET", "/api/patients/", nil},
		{alice.Access, "GET", "/api/patients/" + id + "/", nil},
		{alice.Access, "PATCH", "/api/patients/" + id + "/", map[string]any{"name": "After"}},
		{alice.Access, "DELETE", "/api/patients/" + id + "/", nil},
		{alice.Access, "GET", "/api/doctors/", nil},
		{alice.Access, "POST", "/api/mappings/", map[string]any{"patient": 1, "doctor": 1}},
		{alice.Access, "GET", "/api/collections/patients/records", nil},
		{alice.Access, "GET", "/api/collections/patients/records/" + id, nil},
		{alice.Access, "PATCH", "/api/collections/patients/records/" + id, map[string]any{"name": "After"}},
		{operator, "GET", "/api/collections/patients/records", nil},
		{operator, "GET", "/api/collections/users/records", nil},
		{operator, "PATCH", "/api/collections/patients/records/" + id, map[string]any{"name": "After"}},
		{operator, "POST", "/api/collections/patients/records", map[string]any{"name": "New", "age": 1, "created_by": alice.ID}},
		{"", "POST", "/api/auth/login/", map[string]any{"email": "alice@example.com", "password": testapp.Password}},
		{"", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": alice.Refresh}},
		{"", "POST", "/api/auth/register/", map[string]any{"name": "Bob", "email": "bob@example.com", "password": testapp.Password}},
		{"", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": "alice@example.com", "password": testapp.Password}},
	} {
		asking.Go(func() {
			answer := server.Call(request.token, request.method, request.path, request.body)
			if answer.Status != http.StatusServiceUnavailable || strings.Contains(answer.Body, "lock") {
				t.Errorf("%s %s: got %d %s", request.method, request.path, answer.Status, answer.Body)
			}
		})
	}
	asking.Wait()
	if err := transaction.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/"+id+"/", nil)["name"]; got != "Before" {
		t.Errorf("the patient is called %v", got)
	}
}

// TestRequestsWaitOnce locks what is read together with the user.
func TestRequestsWaitOnce(t *testing.T) {
	const timeout = 300 * time.Millisecond
	testpostgres.Choose(t)
	t.Setenv(testpostgres.Variable, os.Getenv(testpostgres.Variable)+"&lock_timeout="+timeout.String())
	server := testapp.New(t)
	alice := server.SignUp("alice")
	id := server.Patient(alice, "Before")
	server.HoldLock("LOCK TABLE data.patients IN ACCESS EXCLUSIVE MODE")
	promptest := time.Hour // of a few, because a busy machine is slower
	for round := 0; round < 5 && promptest >= 2*timeout; round++ {
		begun := time.Now()
		server.Must(http.StatusServiceUnavailable, alice.Access, "PATCH", "/api/patients/"+id+"/", map[string]any{"name": "After"})
		promptest = min(promptest, time.Since(begun))
	}
	if promptest >= 2*timeout {
		t.Errorf("a request waited for %s", promptest)
	}
}
