package realtime_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

// evaluations counts the questions with a text that the database was asked for
// subscriptions, and can have those who ask wait.
type evaluations struct {
	count   atomic.Int32
	begun   chan struct{}
	release func()
}

// watchEvaluations serves an app whose database is watched.
func watchEvaluations(t *testing.T, text string) (*testapp.Server, *evaluations) {
	t.Helper()
	app, seen := testapp.NewApp(t, testapp.Default()), &evaluations{begun: make(chan struct{}, 100)}
	released := make(chan struct{})
	seen.release = sync.OnceFunc(func() { close(released) })
	database := app.ConcurrentDB().(*dbx.DB)
	log := database.QueryLogFunc
	database.QueryLogFunc = func(ctx context.Context, took time.Duration, query string, rows *sql.Rows, err error) {
		if log != nil {
			log(ctx, took, query, rows, err)
		}
		if strings.Contains(query, text) && strings.Contains(query, "SELECT (1)") {
			seen.count.Add(1)
			seen.begun <- struct{}{}
			<-released
		}
	}
	s := testapp.Serve(t, app)
	t.Cleanup(seen.release)
	return s, seen
}

// TestFiltersHoldUpNobody has the filter of one user take as long as it takes to
// deliver to others.
func TestFiltersHoldUpNobody(t *testing.T) {
	s, seen := watchEvaluations(t, "expensive")
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	hers, his := subscribed(t, s, alice, filtered("doctors/*", "name != 'expensive'")), subscribed(t, s, bob, "doctors/*", "patients/*")
	plain := subscribed(t, s, alice, "doctors/*")
	doctors := []string{s.Doctor(alice, "House")}
	<-seen.begun
	doctors = append(doctors, s.Doctor(alice, "Wilson"))
	for _, id := range doctors {
		expect(t, his, "create", id)
		expect(t, plain, "create", id)
	}
	expect(t, his, "create", s.Patient(bob, "Anna"))
	seen.release()
	realtime.Of(s.App).Wait()
	last := s.Doctor(alice, "Last")
	for event := hers.Next(); !event.Is("create", last); event = hers.Next() {
		switch {
		case event.Topic == realtime.GapTopic: // it has waited for longer than a filter may take
		case len(doctors) > 0 && event.Is("create", doctors[0]):
			doctors = doctors[1:]
		default:
			t.Fatalf("got %+v", event)
		}
	}
}

// TestWhoFallsBehindIsToldOfAGap has more wait for a filter than may.
func TestWhoFallsBehindIsToldOfAGap(t *testing.T) {
	s, seen := watchEvaluations(t, "expensive")
	alice := s.SignUp("alice")
	hers := subscribed(t, s, alice, filtered("patients/*", "name != 'expensive'"))
	first, large := s.Patient(alice, "First"), strings.Repeat("x", realtime.LaneBytes/8)
	<-seen.begun
	for range 8 {
		s.Create(alice, "patients", map[string]any{"name": "Large", "age": 1, "notes": large})
	}
	hold(t, s)()
	seen.release()
	event := hers.Next()
	if event.Is("create", first) { // it has not waited for longer than a filter may take
		event = hers.Next()
	}
	if event.Topic != realtime.GapTopic {
		t.Fatalf("got %+v", event)
	}
	realtime.Of(s.App).Wait()
	expect(t, hers, "create", s.Patient(alice, "Last"))
}

// TestDeletionsWaitForFiltersOnlySoLong has one user's filters have kept others
// waiting for long.
func TestDeletionsWaitForFiltersOnlySoLong(t *testing.T) {
	s, seen := watchEvaluations(t, "asks.others")
	seen.release()
	alice, bob := s.SignUp("alice"), s.SignUp("bob")
	const filter = "name != 'asks.others'"
	topics := []string{filtered("doctors/*", filter), filtered("doctors", filter)}
	hers, his := subscribed(t, s, alice, topics...), subscribed(t, s, bob, topics...)
	first, second := s.Doctor(bob, "House"), s.Doctor(bob, "Wilson")
	for _, id := range []string{first, second} {
		for range topics {
			expect(t, hers, "create", id)
			expect(t, his, "create", id)
		}
	}
	before := seen.count.Load()
	s.Must(204, bob.Access, "DELETE", "/api/doctors/"+first+"/", nil)
	for range topics {
		expect(t, hers, "delete", first)
		expect(t, his, "delete", first)
	}
	if asked := seen.count.Load() - before; asked != 2 {
		t.Errorf("two users' filter was asked for %d times", asked)
	}
	if err := realtime.Of(s.App).KeepJudging(hers.ClientID(), time.Minute); err != nil {
		t.Fatal(err)
	}
	before = seen.count.Load()
	s.Must(204, bob.Access, "DELETE", "/api/doctors/"+second+"/", nil)
	if event := hers.Next(); event.Topic != realtime.GapTopic {
		t.Errorf("got %+v", event)
	}
	for range topics {
		expect(t, his, "delete", second)
	}
	if asked := seen.count.Load() - before; asked != 1 {
		t.Errorf("one user's filter was asked for %d times", asked)
	}
}
