package realtime_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

func TestIdleConnectionsAreKeptAlive(t *testing.T) {
	s := testapp.Shared(t)
	response, err := http.Get(s.URL + "/api/realtime")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") != "text/event-stream" || response.Header.Get("X-Accel-Buffering") != "no" || response.Header.Get("X-Content-Type-Options") == "" {
		t.Errorf("got the header %v", response.Header)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && lines.Text() != "" { // of the first event
	}
	realtime.Of(s.App).Tend(time.Now().Add(25 * time.Second))
	if !lines.Scan() || lines.Text() != ":" {
		t.Errorf("got %q", lines.Text())
	}
	realtime.Of(s.App).Tend(time.Now().Add(time.Hour))
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}

// TestHooksStayAroundConnections has an operator's hook that waits for the end.
func TestHooksStayAroundConnections(t *testing.T) {
	s := testapp.New(t)
	ended := make(chan struct{})
	s.App.OnRealtimeConnectRequest().BindFunc(func(e *core.RealtimeConnectRequestEvent) error {
		defer close(ended)
		return e.Next()
	})
	alice := s.SignUp("alice")
	subscriber := subscribed(t, s, alice, "patients/*")
	expect(t, subscriber, "create", s.Patient(alice, "Anna"))
	select {
	case <-ended:
		t.Error("the hook has returned")
	default:
	}
	subscriber.End()
	<-ended
	testapp.Eventually(t, 10*time.Second, "the client is gone", func() bool { return realtime.Of(s.App).Connected() == 0 })
}

// TestIdleStreamsAreSmall measures what a subscriber takes while nothing happens, its
// client's end included.
func TestIdleStreamsAreSmall(t *testing.T) {
	const count, limit = 200, 25 << 10
	settings := testapp.Default()
	settings.Realtime.MaxClients, settings.Realtime.MaxSubscriptions = count, count
	s := testapp.Serve(t, testapp.NewApp(t, settings))
	alice := s.SignUp("alice")
	subscribed(t, s, alice, "patients/*")
	before := memory()
	for range count - 1 {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		fmt.Fprintf(connection, "GET /api/realtime HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", strings.TrimPrefix(s.URL, "http://"))
		var hello [1500]byte
		read, err := connection.Read(hello[:])
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(hello[:read]), "clientId\":\"")
		id, _, _ := strings.Cut(rest, "\"")
		s.Must(204, alice.Access, "POST", "/api/realtime", map[string]any{"clientId": id, "subscriptions": []string{"patients/*"}})
	}
	taken := (memory() - before) / (count - 1)
	t.Logf("%d bytes", taken)
	if taken > limit {
		t.Errorf("an idle subscriber takes %d bytes", taken)
	}
}

func memory() int {
	var stats runtime.MemStats
	for range 4 { // stacks shrink by half at a time
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc + stats.StackInuse)
}
