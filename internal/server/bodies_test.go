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
