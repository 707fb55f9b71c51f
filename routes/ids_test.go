package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// Ids are what Django's BigAutoField and DRF's PrimaryKeyRelatedField make of them.

func TestIDsAreNumbers(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	for _, step := range []struct{ method, path, body, want string }{
		{"POST", "/api/patients/", `{"name":"Anna","age":3}`, `{"id":1,"created_by":1,`},
		{"POST", "/api/patients/", `{"name":"Berta","age":3}`, `{"id":2,"created_by":1,`},
		{"POST", "/api/doctors/", `{"name":"House"}`, `{"id":1,"created_by":1,`},
		{"POST", "/api/mappings/", `{"patient":2,"doctor":1}`, `{"id":1,"patient":2,"doctor":1,`},
		{"POST", "/api/mappings/", `{"patient":"1","doctor":" 1 "}`, `{"id":2,"patient":1,"doctor":1,`},
		{"GET", "/api/patients/", ``, `[{"id":2,`},
		{"GET", "/api/patients/2/", ``, `{"id":2,`},
		{"GET", "/api/patients/002", ``, `{"id":2,`},
		{"PATCH", "/api/patients/2/", `{"age":4}`, `{"id":2,`},
		{"GET", "/api/mappings/", ``, `[{"id":1,`},
		{"GET", "/api/mappings/1/", ``, `[{"id":2,`},
		{"GET", "/api/mappings/?patient=1", ``, `[{"id":2,`},
		{"GET", "/api/mappings/?doctor=%201%20&patient=002", ``, `[{"id":1,`},
		{"POST", "/api/auth/register/", `{"name":"Bob","email":"bob@example.com","password":"Tr0ub4dor&3"}`, `{"id":2,"name":"Bob"`},
	} {
		request := testapp.Request{Method: step.method, Path: step.path, Token: alice.Access}
		if step.body != "" {
			request.Body = step.body
		}
		if response := server.Do(request); response.Status >= 300 || !strings.HasPrefix(response.Body, step.want) {
			t.Errorf("%s %s: got %d %s, want %s…", step.method, step.path, response.Status, response.Body, step.want)
		}
	}
}

// An id that is no integer is no path of the API: that comes before credentials,
// methods and representations.
func TestIDsInPaths(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	patient := server.Patient(alice, "Anna")
	const missing = `{"detail":"No Patient matches the given query."}`
	for path, want := range map[string]string{
		"/api/patients/000" + patient + "/":            "",
		"/api/patients/0/":                             missing,
		"/api/patients/9223372036854775807/":           missing,
		"/api/patients/9223372036854775808/":           missing,
		"/api/patients/" + strings.Repeat("9", 4300):   missing,
		"/api/patients/k3v9x0q2m7n1p5s/":               missing,
		"/api/patients/" + strings.Repeat("9", 4301):   "<",
		"/api/patients/abc/":                           "<",
		"/api/patients/-1/":                            "<",
		"/api/patients/+1/":                            "<",
		"/api/patients/1.0/":                           "<",
		"/api/patients/1_0/":                           "<",
		"/api/patients/%201/":                          "<",
		"/api/patients/1%0a/":                          "<",
		"/api/patients/1%2F/":                          "<",
		"/api/patients/%D9%A1/":                        "<",
		"/api/patients/%FF/":                           "<",
		"/api/patients/null/history/":                  "<",
		"/api/doctors/undefined":                       "<",
		"/api/mappings/null/":                          "<",
		"/api/mappings/detail/":                        "<",
		"/api/mappings/detail/1e3/?format=nonsense":    "<",
		"/api/mappings/detail/1,2/?format=json&page=1": "<",
	} {
		response := server.Call(alice.Access, "GET", path, nil)
		isPage := strings.HasPrefix(response.Body, "<") && response.Header.Get("Content-Type") == "text/html; charset=utf-8"
		switch {
		case want == "":
			if response.Status != http.StatusOK {
				t.Errorf("%s: got %d %s", path, response.Status, response.Body)
			}
		case response.Status != http.StatusNotFound || isPage != (want == "<") || !isPage && response.Body != want:
			t.Errorf("%s: got %d %s, want %s", path, response.Status, response.Body, want)
		}
		if want != "<" {
			continue
		}
		for _, method := range []string{"GET", "put", "DELETE", "BREW", "HEAD"} {
			response := server.Do(testapp.Request{Method: method, Path: path, Token: "nonsense", Header: map[string]string{"Accept": "image/png"}})
			if response.Status != http.StatusNotFound || response.Header.Get("Allow")+response.Header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s %s: got %d %v", method, path, response.Status, response.Header)
			}
		}
	}
}

func TestIDsInBodies(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	foreign, doctor := server.Patient(bob, "Bernard"), server.Doctor(alice, "House")
	for sent, want := range map[string]string{
		`null`:                   "This field may not be null.",
		`""`:                     "This field may not be null.",
		`"abc"`:                  "Incorrect type. Expected pk value, received str.",
		`"k3v9x0q2m7n1p5s"`:      "Incorrect type. Expected pk value, received str.",
		`"1.0"`:                  "Incorrect type. Expected pk value, received str.",
		`"\ud800"`:               "Incorrect type. Expected pk value, received str.",
		`true`:                   "Incorrect type. Expected pk value, received bool.",
		`[1]`:                    "Incorrect type. Expected pk value, received list.",
		`{"id":1}`:               "Incorrect type. Expected pk value, received dict.",
		foreign:                  `Invalid pk \"` + foreign + `\" - object does not exist.`,
		`"` + foreign + `"`:      `Invalid pk \"` + foreign + `\" - object does not exist.`,
		`0`:                      `Invalid pk \"0\" - object does not exist.`,
		`-1`:                     `Invalid pk \"-1\" - object does not exist.`,
		`999999.5`:               `Invalid pk \"999999.5\" - object does not exist.`,
		`1e6`:                    `Invalid pk \"1000000.0\" - object does not exist.`,
		`" 0999999 "`:            `Invalid pk \" 0999999 \" - object does not exist.`,
		`9223372036854775807`:    `Invalid pk \"9223372036854775807\" - object does not exist.`,
		`9223372036854775808`:    `Invalid pk \"9223372036854775808\" - object does not exist.`,
		`"99999999999999999999"`: `Invalid pk \"99999999999999999999\" - object does not exist.`,
	} {
		response := server.Call(alice.Access, "POST", "/api/mappings/", `{"patient":`+sent+`,"doctor":`+doctor+`}`)
		if response.Status != http.StatusBadRequest || response.Body != `{"patient":["`+want+`"]}` {
			t.Errorf("%s: got %d %s, want %s", sent, response.Status, response.Body, want)
		}
	}
	patient := server.Patient(alice, "Anna")
	mapping := server.Call(alice.Access, "POST", "/api/mappings/", `{"patient":`+patient+`.9,"doctor":"+`+doctor+`"}`) // as Python's int() does
	if mapping.Status != http.StatusCreated || !strings.Contains(mapping.Body, `"patient":`+patient+`,"doctor":`+doctor+`,`) {
		t.Errorf("got %d %s", mapping.Status, mapping.Body)
	}
	for _, query := range []string{"patient=abc", "patient=1.0", "patient=" + foreign, "patient=%20", "doctor=9223372036854775808"} {
		name, _, _ := strings.Cut(query, "=")
		want := `{"` + name + `":["Select a valid choice. That choice is not one of the available choices."]}`
		if response := server.Call(alice.Access, "GET", "/api/mappings/?"+query, nil); response.Status != http.StatusBadRequest || response.Body != want {
			t.Errorf("?%s: got %d %s", query, response.Status, response.Body)
		}
	}
}

func TestIDsInOrder(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	var want []string
	patient := server.Patient(alice, "Anna")
	for range 11 {
		want = append(want, server.Mapping(alice, patient, server.Doctor(alice, "House")))
	}
	// Their times do not tell.
	if _, err := server.App.DB().NewQuery("UPDATE mappings SET created_at = '2026-01-01 00:00:00.000Z', assigned_at = '2026-01-01 00:00:00.000Z'").Execute(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.App.DB().NewQuery("UPDATE doctors SET created_at = '2026-01-01 00:00:00.000Z'").Execute(); err != nil {
		t.Fatal(err)
	}
	reversed := slices.Clone(want)
	slices.Reverse(reversed)
	for path, want := range map[string][]string{
		"/api/mappings/": want, "/api/mappings/" + patient + "/": want, "/api/mappings/?ordering=id": want, "/api/mappings/?ordering=-id": reversed,
		"/api/mappings/?ordering=doctor": want, "/api/mappings/?ordering=-doctor": reversed, "/api/mappings/?ordering=assigned_at": want,
		"/api/doctors/": reversed, "/api/doctors/?ordering=id": want, "/api/doctors/?ordering=created_by,-id": reversed, "/api/doctors/?ordering=name": want, "/api/doctors/?ordering=-name": reversed,
	} {
		if got := idsOf(server.Call(alice.Access, "GET", path, nil).List(server)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}
