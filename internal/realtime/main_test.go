package realtime_test

import (
	"net/url"
	"sync"
	"testing"

	"carebase/internal/realtime"

	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// subscribed returns a subscriber of a user's.
func subscribed(t *testing.T, s *testapp.Server, user testapp.User, topics ...string) *testapp.Subscriber {
	t.Helper()
	return subscribe(t, s.Connect(), user.Access, topics...)
}

func subscribe(t *testing.T, subscriber *testapp.Subscriber, token string, topics ...string) *testapp.Subscriber {
	t.Helper()
	if answer := subscriber.Subscribe(token, topics...); answer.Status != 204 {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	return subscriber
}

func expect(t *testing.T, subscriber *testapp.Subscriber, action, id string) testapp.Event {
	t.Helper()
	event := subscriber.Next()
	if !event.Is(action, id) {
		t.Fatalf("got %+v, want %s of %s", event, action, id)
	}
	return event
}

// hold has the dispatcher wait for release, or for the end of the test.
func hold(t *testing.T, s *testapp.Server) (release func()) {
	release = sync.OnceFunc(realtime.Of(s.App).Hold())
	t.Cleanup(release)
	return release
}

// filtered is a topic with a filter.
func filtered(topic, filter string) string {
	return topic + "?options=" + url.QueryEscape(`{"query":{"filter":"`+filter+`"}}`)
}

func setAge(s *testapp.Server, user testapp.User, patient string, age int) {
	s.Helper()
	s.Must(200, user.Access, "PATCH", "/api/patients/"+patient+"/", map[string]any{"age": age})
}
