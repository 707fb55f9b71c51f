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

// TestBodiesOfACallerAreBounded has a guest send most of several long bodies, to either
// API.
func TestBodiesOfACallerAreBounded(t *testing.T) {
	server := testapp.New(t)
	const length = 15 << 20
	content := strings.Repeat(" ", length-1)
	const login = "/api/auth/login/"
	begin := func(path string) net.Conn {
		t.Helper()
		connection := dial(t, server)
		_, err := fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, length)
		if err != nil {
			t.Fatal(err)
		}
		return connection
	}
	var unfinished []net.Conn
	for range 4 {
		connection := begin(login)
		if _, err := io.WriteString(connection, content); err != nil {
			t.Fatal(err)
		}
		unfinished = append(unfinished, connection)
	}
	for _, path := range []string{login, testapp.Records("patients")} {
		testapp.Eventually(t, 30*time.Second, "another long body is refused by "+path, func() bool {
			connection := begin(path)
			defer connection.Close()
			go func() { _, _ = io.WriteString(connection, content+" ") }() // refused in the middle
			refused, err := http.ReadResponse(bufio.NewReader(connection), nil)
			return err == nil && refused.StatusCode == http.StatusRequestEntityTooLarge
		})
	}
	server.SignUp("alice") // short ones go on
	for _, connection := range unfinished {
		if err := connection.Close(); err != nil {
			t.Fatal(err)
		}
	}
	testapp.Eventually(t, 30*time.Second, "a long body is read again", func() bool {
		connection := begin(login)
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

// TestBodiesWithoutALength sends bodies whose length nobody knows until they are too long.
func TestBodiesWithoutALength(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, test := range [][2]string{{"POST", testapp.Records("patients")}, {"PATCH", testapp.Records("patients") + "/" + c.Patient(c.Alice, "Anna")}} {
		body := `{"notes":"` + strings.Repeat("x", 40<<20) + `"}`
		request, err := http.NewRequest(test[0], c.URL+test[1], io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+c.Alice.Access)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d, %v", test[0], answer.StatusCode, err)
		}
	}
}
