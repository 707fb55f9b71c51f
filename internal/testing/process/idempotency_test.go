package process

import (
	"cmp"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"carebase/internal/testing/testapp"
)

// TestIdempotencyKeyInTwoProcesses sends a creation again to another process while
// the first one is at work.
func TestIdempotencyKeyInTwoProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	one, other := fleet.processes[0], fleet.processes[1]
	alice := one.SignUp("alice")
	for path, status := range map[string]int{"/api/patients/": http.StatusCreated, testapp.Records("patients"): http.StatusOK} {
		create := func(process *process) testapp.Response {
			return process.Do(testapp.Request{Method: "POST", Path: path, Token: alice.Access,
				Body: map[string]any{"name": "Once", "age": 1}, Header: map[string]string{"Idempotency-Key": "key"}})
		}
		release := lockPatients(fleet)
		first := make(chan testapp.Response, 1)
		go func() { first <- create(one) }()
		for query[int](fleet, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'data.patients'::regclass") == 0 {
			if t.Context().Err() != nil {
				t.Fatal(t.Context().Err())
			}
		}
		if answer := create(other); answer.Status != http.StatusConflict {
			t.Errorf("%s under way: got %d %s", path, answer.Status, answer.Body)
		}
		release()
		done := <-first
		again := create(other)
		if done.Status != status || again.Status != status || again.Body != done.Body || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: got %d %s, and again %d %s", path, done.Status, done.Body, again.Status, again.Body)
		}
	}
}

// lockPatients has inserts wait until the returned function is called.
func lockPatients(f *fleet) (release func()) {
	f.Helper()
	ctx := f.Context()
	connection, err := pgx.Connect(ctx, cmp.Or(f.database.DirectURL, f.database.URL))
	if err != nil {
		f.Fatal(err)
	}
	if _, err := connection.Exec(ctx, "BEGIN; LOCK TABLE data.patients IN SHARE MODE"); err != nil {
		f.Fatal(err)
	}
	return func() { _ = connection.Close(ctx) }
}
