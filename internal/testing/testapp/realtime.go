package testapp

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// eventTimeout limits the wait for an expected event.
const eventTimeout = 30 * time.Second

// Event is a realtime event that a subscriber receives.
type Event struct {
	// ID is what a client that connects again names in Last-Event-ID.
	ID, Topic string
	Action    string         `json:"action"`
	Record    map[string]any `json:"record"`
}

// Subscriber is an open realtime connection.
type Subscriber struct {
	server   *Server
	clientID string
	events   chan Event
	end      context.CancelFunc
}

// Connect opens a realtime connection, which is closed when the test ends.
func (s *Server) Connect() *Subscriber {
	s.Helper()
	return s.ConnectAfter("")
}

// ConnectAfter is Connect for a client that has had the event with an id.
func (s *Server) ConnectAfter(lastEvent string) *Subscriber {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/realtime", nil)
	if err != nil {
		s.Fatal(err)
	}
	if lastEvent != "" {
		request.Header.Set("Last-Event-ID", lastEvent)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.Fatal(err)
	}
	connected := make(chan string, 1)
	subscriber := &Subscriber{server: s, events: make(chan Event, 100), end: cancel}
	go func() {
		defer response.Body.Close()
		defer close(subscriber.events)
		id, topic := "", ""
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event:"); ok {
				topic = strings.TrimSpace(name)
			}
			if text, ok := strings.CutPrefix(lines.Text(), "id:"); ok {
				id = text
			}
			data, ok := strings.CutPrefix(lines.Text(), "data:")
			if !ok {
				continue
			}
			if topic == "PB_CONNECT" {
				var hello struct{ ClientID string }
				_ = json.Unmarshal([]byte(data), &hello)
				connected <- hello.ClientID
				continue
			}
			event := Event{ID: id, Topic: topic}
			_ = json.Unmarshal([]byte(data), &event)
			subscriber.events <- event
		}
	}()
	select {
	case subscriber.clientID = <-connected:
	case <-time.After(eventTimeout):
		s.Fatal("no realtime connection")
	}
	return subscriber
}

// Subscribe replaces the connection's topics and returns the response.
func (s *Subscriber) Subscribe(token string, topics ...string) Response {
	s.server.Helper()
	return s.server.Call(token, "POST", "/api/realtime", map[string]any{"clientId": s.clientID, "subscriptions": topics})
}

// End closes the connection.
func (s *Subscriber) End() { s.end() }

// ClientID returns the server's id of the connection.
func (s *Subscriber) ClientID() string { return s.clientID }

// Through returns the same connection with its subscription requests sent to
// another server.
func (s *Subscriber) Through(server *Server) *Subscriber {
	return &Subscriber{server: server, clientID: s.clientID, events: s.events, end: s.end}
}

// Next returns the next event and fails the test if none arrives in time.
func (s *Subscriber) Next() Event {
	s.server.Helper()
	select {
	case event, open := <-s.events:
		if !open {
			s.server.Fatal("the connection has ended")
		}
		return event
	case <-time.After(eventTimeout):
		s.server.Fatal("no event came")
	}
	return Event{}
}

// Events are the events until the connection ends.
func (s *Subscriber) Events() <-chan Event { return s.events }

// HasEnded reports whether the server has closed the connection. A pending event
// that is no notice fails the test.
func (s *Subscriber) HasEnded() bool {
	for {
		select {
		case event, open := <-s.events:
			if !open {
				return true
			}
			if !event.IsNotice() {
				s.server.Fatalf("an event came: %+v", event)
			}
		default:
			return false
		}
	}
}

// Is reports whether the event is this action on the record with this id.
func (e Event) Is(action, id string) bool {
	return e.Action == action && e.Record["id"] == id
}

// IsNotice reports whether the event is of no record: that a session has ended, or that
// the client may have missed something.
func (e Event) IsNotice() bool { return strings.HasPrefix(e.Topic, "@") }

// Text returns the record as JSON.
func (e Event) Text() string {
	text, err := json.Marshal(e.Record)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
