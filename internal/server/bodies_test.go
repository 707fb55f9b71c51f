package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// TestBodiesOfACallerAreBounded has a guest send most of several long bodies.
func TestBodiesOfACallerAreBounded(t *testing.T) {
	server := testapp.New(t)
	const length = 15 << 20
	content := strings.Repeat(" ", length-1)
	begin := func() net.Conn {
		t.Helper()
		connection := dial(t, server)
		_, err := fmt.Fprintf(connection, "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length)
		if err != nil {
			t.Fatal(err)
		}
		return connection
	}
	var unfinished []net.Conn
	for range 4 {
		connection := begin()
		if _, err := io.WriteString(connection, content); err != nil {
			t.Fatal(err)
		}
		unfinished = append(unfinished, connection)
	}
	var refused *http.Response
	testapp.Eventually(t, 30*time.Second, "another long body is refused", func() bool {
		connection := begin()
		defer connection.Close()
		go func() { _, _ = io.WriteString(connection, content+" ") }() // refused in the middle
		var err error
		refused, err = http.ReadResponse(bufio.NewReader(connection), nil)
		return err == nil && refused.StatusCode == http.StatusRequestEntityTooLarge
	})
	server.SignUp("alice") // short ones go on
	for _, connection := range unfinished {
		if err := connection.Close(); err != nil {
			t.Fatal(err)
		}
	}
	testapp.Eventually(t, 30*time.Second, "a long body is read again", func() bool {
		connection := begin()
		defer connection.Close()
		if _, err := io.WriteString(connection, content+" "); err != nil {
			return false
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		return err == nil && answer.StatusCode == http.StatusBadRequest
	})
}

// TestLongRecordsAreWithinTheLimit stores a record almost as long as a body may be, which
// guards read before PocketBase does, and has a longer one refused.
func TestLongRecordsAreWithinTheLimit(t *testing.T) {
	server := testapp.New(t)
	user := server.SignUp("alice")
	create := func(token string, bytes int) testapp.Response {
		return server.Call(token, http.MethodPost, "/api/collections/patients/records", map[string]any{"name": "Anna", "age": 30, "created_by": user.ID, "notes": strings.Repeat("x", bytes)})
	}
	for _, token := range []string{user.Access, server.Superuser()} {
		if answer := create(token, 30<<20); answer.Status != http.StatusOK {
			t.Errorf("got %d %.200s", answer.Status, answer.Body)
		}
		if answer := create(token, 33<<20); answer.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("a longer one: got %d %.200s", answer.Status, answer.Body)
		}
	}
}
