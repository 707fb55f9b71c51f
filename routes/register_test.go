package routes_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestRegisterRefusals(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	taken := server.SignUp("taken").Email
	for _, test := range []struct{ name, email, password, want string }{
		{"Johnathan", "x@example.com", "Johnathan42x", `{"password":["The password is too similar to the name."]}`},
		{"Ann", "marguerite@example.com", "Marguerite77", `{"password":["The password is too similar to the email."]}`},
		{"Ann", strings.Replace(taken, "example", "EXAMPLE", 1), testapp.Password, `{"email":["user with this email already exists."]}`},
		{"Ann", strings.Replace(taken, "taken", "TAKEN", 1), testapp.Password, `{"email":["user with this email already exists."]}`},
		{"Ann", strings.Repeat("a", 250) + "@b.co", testapp.Password, `{"email":["Ensure this field has no more than 254 characters."]}`},
		{"Ann", "x@example.com", strings.Repeat("é!", 24), `{"password":["This password is too long. It must contain at most 71 bytes."]}`},
	} {
		response := server.Call("", "POST", "/api/auth/register/", map[string]any{"name": test.name, "email": test.email, "password": test.password})
		if response.Status != 400 || response.Body != test.want {
			t.Errorf("%s, %s: got %d %s, want %s", test.name, test.email, response.Status, response.Body, test.want)
		}
	}
	// Django accepts these, PocketBase alone does not.
	local, _, _ := strings.Cut(server.Email("local"), "@")
	for _, address := range []string{local + "@localhost", `"` + local + `"@example.com`, local + "@[127.0.0.1]"} {
		account := map[string]any{"name": "Ann", "email": address, "password": testapp.Password}
		if user := server.Must(201, "", "POST", "/api/auth/register/", account); user["email"] != address {
			t.Errorf("got %v", user)
		}
		server.Must(400, "", "POST", "/api/auth/register/", account)
		server.Must(200, "", "POST", "/api/auth/login/", account)
		account["password"] = "password"
		server.Must(400, "", "POST", "/api/auth/register/", account)
	}
	// What is stored is what Django's normalize_email makes of it.
	normalized := server.Email("Ann")
	sent := strings.Replace(normalized, "example.com", "Example.COM", 1)
	if user := server.Must(201, "", "POST", "/api/auth/register/", map[string]any{"name": "Ann", "email": sent, "password": testapp.Password}); user["email"] != normalized {
		t.Errorf("got %v", user)
	}
}

func TestConcurrentRegistrationsOfOneAddress(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	var created atomic.Int32
	var done sync.WaitGroup
	for range 6 {
		done.Go(func() {
			response := server.Call("", "POST", "/api/auth/register/", map[string]any{"name": "Ann", "email": server.Email("ann"), "password": testapp.Password})
			switch {
			case response.Status == 201:
				created.Add(1)
			case response.Body != `{"email":["user with this email already exists."]}`:
				t.Errorf("got %d %s", response.Status, response.Body)
			}
		})
	}
	done.Wait()
	if created.Load() != 1 {
		t.Errorf("%d users were created", created.Load())
	}
}

func TestConcurrentMappingsOfOnePair(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	patient, doctor := server.Patient(alice, "Anna"), server.Doctor(alice, "House")
	var created atomic.Int32
	var done sync.WaitGroup
	for range 6 {
		done.Go(func() {
			response := server.Call(alice.Access, "POST", "/api/mappings/", map[string]any{"patient": patient, "doctor": doctor})
			switch {
			case response.Status == 201:
				created.Add(1)
			case response.Body != `{"non_field_errors":["The fields patient, doctor must make a unique set."]}`:
				t.Errorf("got %d %s", response.Status, response.Body)
			}
		})
	}
	done.Wait()
	if created.Load() != 1 {
		t.Errorf("%d mappings were created", created.Load())
	}
}
