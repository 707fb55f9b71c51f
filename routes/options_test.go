package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// described is what OPTIONS says of the fields of each resource.
const (
	describedOwner  = `"id":{"type":"integer","required":false,"read_only":true,"label":"ID"},"created_by":{"type":"field","required":false,"read_only":true,"label":"Created by"},"created_at":{"type":"datetime","required":false,"read_only":true,"label":"Created at"},`
	describedName   = `"name":{"type":"string","required":true,"read_only":false,"label":"Name","max_length":120},`
	describedUser   = `{"POST":{"id":{"type":"integer","required":false,"read_only":true,"label":"ID"},"name":{"type":"string","required":true,"read_only":false,"label":"Name","max_length":150},"email":{"type":"email","required":true,"read_only":false,"label":"Email","max_length":254},"password":{"type":"string","required":true,"read_only":false,"label":"Password"}}}`
	describedLogin  = `{"POST":{"email":{"type":"string","required":true,"read_only":false,"label":"Email"},"password":{"type":"string","required":true,"read_only":false,"label":"Password"}}}`
	describedToken  = `{"POST":{"token":{"type":"string","required":true,"read_only":false,"label":"Token"}}}`
	describedPerson = `{` + describedOwner + describedName + `"age":{"type":"integer","required":true,"read_only":false,"label":"Age","min_value":0,"max_value":2147483647},"notes":{"type":"string","required":false,"read_only":false,"label":"Notes"}}`
	describedDoctor = `{` + describedOwner + describedName + `"speciality":{"type":"string","required":false,"read_only":false,"label":"Speciality","max_length":120}}`
	describedPair   = `{"POST":{"id":{"type":"integer","required":false,"read_only":true,"label":"ID"},"patient":{"type":"field","required":true,"read_only":false,"label":"Patient"},"doctor":{"type":"field","required":true,"read_only":false,"label":"Doctor"},"assigned_at":{"type":"datetime","required":false,"read_only":true,"label":"Assigned at"}}}`
)

func TestOptions(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	patient, doctor := server.Patient(alice, "John Doe"), server.Doctor(alice, "Gregory House")
	for _, test := range []struct {
		path, name, actions string
		caller              testapp.User
	}{
		{"/api/auth/register/", "Register", describedUser, testapp.User{}},
		{"/api/auth/login/", "Token Obtain Pair", describedLogin, testapp.User{}},
		{"/api/token/", "Token Obtain Pair", describedLogin, testapp.User{}},
		{"/api/token/verify/", "Token Verify", describedToken, testapp.User{}},
		{"/api/patients/", "Patient List", `{"POST":` + describedPerson + `}`, alice},
		{"/api/patients/" + patient + "/", "Patient Instance", `{"PUT":` + describedPerson + `}`, alice},
		{"/api/patients/" + patient + "/", "Patient Instance", ``, bob},
		{"/api/patients/999999/", "Patient Instance", ``, alice},
		{"/api/doctors/", "Doctor List", `{"POST":` + describedDoctor + `}`, bob},
		{"/api/doctors/" + doctor + "/", "Doctor Instance", `{"PUT":` + describedDoctor + `}`, alice},
		{"/api/doctors/" + doctor + "/", "Doctor Instance", ``, bob},
		{"/api/mappings/", "PatientDoctor List", describedPair, alice},
		{"/api/mappings/" + patient + "/", "Patient Doctors", ``, alice},
		{"/api/mappings/detail/999999/", "PatientDoctor Instance", ``, alice},
	} {
		response := server.Call(test.caller.Access, http.MethodOptions, test.path, nil)
		var answer struct {
			Description string `json:"description"`
		}
		response.Decode(server, &answer)
		want := `{"name":"` + test.name + `","description":"` + answer.Description + `","renders":["application/json","text/html"],` +
			`"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"]`
		if test.actions != "" {
			want += `,"actions":` + test.actions
		}
		// Behind what DRF says, the headers that Carebase reads beside it.
		body, headers, _ := strings.Cut(strings.TrimSuffix(response.Body, "}"), `,"headers":`)
		if response.Status != http.StatusOK || body != want {
			t.Errorf("%s of %s: got %d %s, want %s", test.path, test.caller.Email, response.Status, response.Body, want)
		}
		isObject := strings.HasSuffix(test.name, "Instance")
		isList := strings.HasSuffix(test.name, "List")
		if strings.Contains(headers, `"DELETE":{"If-Match"`) != isObject || strings.Contains(headers, `"POST":{"Idempotency-Key"`) != isList {
			t.Errorf("%s: the headers are %s", test.path, headers)
		}
	}
}

func TestOptionsNeedsCredentials(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	for _, path := range []string{"/api/patients/", "/api/doctors/1/", "/api/mappings/detail/1/"} {
		if response := server.Call("", http.MethodOptions, path, nil); response.Status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s", path, response.Status, response.Body)
		}
		preflight := server.Do(testapp.Request{Method: http.MethodOptions, Path: path, Header: map[string]string{
			"Origin": "https://console.example.com", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization",
		}})
		if preflight.Status != http.StatusNoContent || !strings.Contains(preflight.Header.Get("Access-Control-Allow-Methods"), "PUT") {
			t.Errorf("preflight of %s: got %d %v", path, preflight.Status, preflight.Header)
		}
	}
}
