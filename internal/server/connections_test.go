package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"carebase/internal/app"
	"carebase/internal/server"
	"carebase/internal/testing/testapp"
)

// shortTimeouts keep the tests from waiting as long as clients may take.
func shortTimeouts(options *app.Options) {
	options.Timeouts = server.Timeouts{Header: time.Second, Body: time.Second, Idle: time.Second, Reader: time.Second}
}

// dial opens a socket to the server, which the test has for a while at most.
func dial(t *testing.T, server *testapp.Server) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return connection
}

// drip sends a text again and again until the server closes the connection.
func drip(connection net.Conn, text string) error {
	for {
		if _, err := io.WriteString(connection, text); err != nil {
			return err
		}
		// The pace of the attack, not a wait for anything.
		time.Sleep(20 * time.Millisecond)
	}
}

func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	server := testapp.Serve(t, testapp.NewApp(t, testapp.Default(), shortTimeouts))
	alice := server.SignUp("alice")
	for name, attack := range map[string]struct{ opening, drip string }{
		"headers":       {"GET /api/patients/ HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n"},
		"no request":    {"", ""},
		"native body":   {"POST " + testapp.Records("patients") + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + alice.Access + "\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{", " "},
		"login body":    {"POST /api/collections/users/auth-with-password HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{", " "},
		"chunked body":  {"POST /api/collections/users/request-otp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
		"backup upload": {"POST /api/backups/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection := dial(t, server)
			if _, err := io.WriteString(connection, attack.opening); err != nil {
				t.Fatal(err)
			}
			if attack.drip != "" {
				if err := drip(connection, attack.drip); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the server is still listening")
				}
				return
			}
			if _, err := io.ReadAll(connection); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection is still open")
			}
		})
	}
}

func TestReadersThatStopAreCutOff(t *testing.T) {
	t.Parallel()
	server := testapp.Serve(t, testapp.NewApp(t, testapp.Default(), func(options *app.Options) {
		options.Timeouts = server.Timeouts{Reader: time.Second, User: time.Minute}
	}))
	alice := server.SignUp("alice")
	for range 40 {
		server.Create(alice, "patients", map[string]any{"name": "Patient", "age": 1, "notes": strings.Repeat("long ", 100_000)})
	}
	for _, path := range []string{testapp.Records("patients") + "?perPage=40", "/api/patients/"} {
		connection := dial(t, server)
		if err := connection.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, alice.Access); err != nil {
			t.Fatal(err)
		}
		// Writing goes on until the server has closed its side, though nothing is read.
		if err := drip(connection, "\r\n"); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the server is still writing", path)
		}
	}
	// Who reads gets all of it, however large.
	for _, path := range []string{testapp.Records("patients") + "?perPage=40", "/api/patients/"} {
		if response := server.Call(alice.Access, "GET", path, nil); response.Status != 200 || len(response.Body) < 20_000_000 {
			t.Errorf("%s: got %d, %d bytes", path, response.Status, len(response.Body))
		}
	}
}

func TestAnAddressHasSoManyConnections(t *testing.T) {
	server := testapp.New(t)
	var held []net.Conn
	for range 999 {
		held = append(held, dial(t, server))
	}
	if response := server.Call("", "GET", "/api/health", nil); response.Status != 200 {
		t.Errorf("one more: got %d", response.Status)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	held = append(held, dial(t, server))
	refused := dial(t, server)
	if _, err := refused.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one too many: got %v", err)
	}
	for _, connection := range held {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		response, err := http.Get(server.URL + "/api/health")
		if err == nil {
			_ = response.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("when the others are gone: %v", err)
		}
	}
}

func TestHeadersAndBodiesHaveASize(t *testing.T) {
	server := testapp.New(t)
	alice := server.SignUp("alice")
	large := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/", Token: alice.Access, Header: map[string]string{"X-Large": strings.Repeat("x", 100<<10)}})
	if large.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers: got %d", large.Status)
	}
	// A body that says that it is too large is refused before it arrives.
	for _, path := range []string{"/api/auth/login/", "/api/collections/users/auth-with-password", testapp.Records("users"), "/api/batch", "/api/realtime", "/api/sql"} {
		connection := dial(t, server)
		_, err := fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40000000\r\n\r\n", path)
		if err != nil {
			t.Fatal(err)
		}
		status, err := bufio.NewReader(connection).ReadString('\n')
		if !strings.HasPrefix(status, "HTTP/1.1 413 ") {
			t.Errorf("%s: got %q, %v", path, status, err)
		}
	}
}
