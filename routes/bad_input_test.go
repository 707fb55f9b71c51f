package routes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// count is how many rows a collection has.
func count(t *testing.T, server *testapp.Server, collection string) (rows int) {
	t.Helper()
	if err := server.App.ConcurrentDB().Select("count(*)").From(collection).Row(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// wrongValues are JSON values that are right for neither a text nor a number,
// with what a text field says of them.
var wrongValues = map[string]string{
	`null`: "This field may not be null.", `true`: "Not a valid string.", `false`: "Not a valid string.", `[]`: "Not a valid string.", `{}`: "Not a valid string.",
	`["a"]`: "Not a valid string.", `{"a":"b"}`: "Not a valid string.", `""`: "This field may not be blank.", `" \t\u00a0"`: "This field may not be blank.",
	`"\u0000"`: "Null characters are not allowed.", `"a\u0000b"`: "Null characters are not allowed.", `"\ud800"`: "Surrogate characters are not allowed: U+D800.",
	`"\udc00\ud800"`: "Surrogate characters are not allowed: U+DC00.", `[` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `]`: "Not a valid string.",
}

// Whatever is wrong with a field is said of that field, and nothing is stored.
func TestWrongValues(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	patient, doctor := server.Patient(alice, "John Doe"), server.Doctor(alice, "Gregory House")
	server.Mapping(alice, patient, doctor)
	stored := func() (answer string) {
		for _, path := range []string{"/api/patients/", "/api/doctors/"} {
			answer += server.Call(alice.Access, "GET", path, nil).Body
		}
		for _, collection := range []string{collections.Users, collections.Patients, collections.Doctors, collections.Mappings} {
			answer += fmt.Sprintf("\n%d %s", count(t, server, collection), collection)
		}
		return answer
	}
	before := stored()

	check := func(method, path, body, field, message string) {
		t.Helper()
		response := server.Call(alice.Access, method, path, body)
		var wrong map[string][]string
		if response.Status != http.StatusBadRequest || json.Unmarshal([]byte(response.Body), &wrong) != nil || len(wrong) != 1 || len(wrong[field]) == 0 {
			t.Errorf("%s %s %.100s: got %d %.200s, want a 400 about %s", method, path, body, response.Status, response.Body, field)
			return
		}
		if message != "" && wrong[field][0] != message {
			t.Errorf("%s %s %.100s: got %q, want %q", method, path, body, wrong[field], message)
		}
	}
	for value, message := range wrongValues {
		check("POST", "/api/patients/", `{"age":1,"name":`+value+`}`, "name", message)
		check("PATCH", "/api/patients/"+patient+"/", `{"name":`+value+`}`, "name", message)
		check("PUT", "/api/doctors/"+doctor+"/", `{"name":`+value+`}`, "name", message)
		check("POST", "/api/auth/register/", `{"name":`+value+`,"email":"new@example.com","password":"Tr0ub4dor&3"}`, "name", message)
		check("POST", "/api/auth/register/", `{"name":"A","email":`+value+`,"password":"Tr0ub4dor&3"}`, "email", strings.Replace(message, "Not a valid string.", "Enter a valid email address.", 1))
		check("POST", "/api/auth/register/", `{"name":"A","email":"new@example.com","password":`+value+`}`, "password", "")
		check("POST", "/api/auth/login/", `{"email":`+value+`,"password":"a"}`, "email", message)
		check("POST", "/api/token/refresh/", `{"refresh":`+value+`}`, "refresh", message)
		check("POST", "/api/token/verify/", `{"token":`+value+`}`, "token", message)
		if !strings.HasPrefix(message, "This field may not be blank") {
			check("PATCH", "/api/patients/"+patient+"/", `{"notes":`+value+`}`, "notes", message)
			check("POST", "/api/doctors/", `{"name":"A","speciality":`+value+`}`, "speciality", message)
		}
		if value != "null" {
			message = "A valid integer is required."
		}
		check("POST", "/api/patients/", `{"name":"A","age":`+value+`}`, "age", message)
		check("PATCH", "/api/patients/"+patient+"/", `{"age":`+value+`}`, "age", message)
		check("POST", "/api/mappings/", `{"doctor":"`+doctor+`","patient":`+value+`}`, "patient", "")
		check("POST", "/api/mappings/", `{"patient":"`+patient+`","doctor":`+value+`}`, "doctor", "")
	}
	for _, age := range []string{"-1", "2147483648", "1e10", "1e999", "-1e999", "0.5", `"1e2"`, `"NaN"`, `"Infinity"`, strings.Repeat("9", 4300), `"` + strings.Repeat("9", 1_000_000) + `"`} {
		check("POST", "/api/patients/", `{"name":"A","age":`+age+`}`, "age", "")
	}
	megabyte := strings.Repeat("é", 1<<19)
	check("POST", "/api/patients/", `{"age":1,"name":"`+megabyte+`"}`, "name", "Ensure this field has no more than 120 characters.")
	check("POST", "/api/doctors/", `{"name":"A","speciality":"`+megabyte+`"}`, "speciality", "Ensure this field has no more than 120 characters.")
	check("POST", "/api/auth/register/", `{"name":"`+megabyte+`","email":"new@example.com","password":"Tr0ub4dor&3"}`, "name", "Ensure this field has no more than 150 characters.")
	check("POST", "/api/auth/register/", `{"name":"A","email":"`+megabyte+`@example.com","password":"Tr0ub4dor&3"}`, "email", "Ensure this field has no more than 254 characters.")
	check("POST", "/api/auth/register/", `{"name":"A","email":"new@example.com","password":"`+megabyte+`"}`, "password", "This password is too long. It must contain at most 71 bytes.")
	check("POST", "/api/mappings/", `{"patient":"`+megabyte+`","doctor":"`+doctor+`"}`, "patient", "")

	if after := stored(); after != before {
		t.Errorf("something has changed: got %.500s, want %s", after, before)
	}
}

// A body that cannot be read is refused as a whole.
func TestUnreadableBodies(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	patient := server.Patient(alice, "John Doe")
	const form, multipartForm = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	for _, test := range []struct {
		contentType, body string
		status            int
	}{
		{"application/json", `{"name":"A","age":1`, 400},
		{"application/json", `{"name":"A","age":NaN}`, 400},
		{"application/json", `{"name":"A","age":Infinity}`, 400},
		{"application/json", "{\"name\":\"\xff\",\"age\":1}", 400},
		{"application/json", "\xef\xbb\xbf{}", 400},
		{"application/json", "\xff\xfe{\x00}\x00", 400},
		{"application/json", `{"name":"A","age":1}{}`, 400},
		{"application/json", strings.Repeat(`{"name":`, 100_000), 400},
		{"application/json", strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20), 400},
		{"application/json", `{"name":"A","age":` + strings.Repeat("9", 4301) + `}`, 400},
		{"application/json", `[{"name":"A","age":1}]`, 400},
		{"application/json", `"{}"`, 400},
		{"application/json", `null`, 400},
		{form, strings.Repeat("a=1&", 1001), 400},
		{form, "name=%FF&age=x", 400},
		{form, "name=a%00b&age=1", 400},
		{form, "name=&age=1", 400},
		{multipartForm, "--b\r\nContent-Disposition: form-data; name=name\r\n\r\nA", 400},
		{multipartForm, "--b\r\nContent-Disposition: form-data; name=name; filename=a.txt\r\n\r\nA\r\n--b\r\nContent-Disposition: form-data; name=age\r\n\r\n1\r\n--b--", 400},
		{multipartForm, strings.Repeat("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", 2000) + "--b--", 400},
		{multipartForm, strings.Repeat("x", 1<<20), 400},
		{"multipart/form-data", "--b--", 400},
		{"multipart/form-data; boundary=" + strings.Repeat("b", 300), "--b--", 400},
		{"multipart/mixed; boundary=b", "--b--", 415},
		{"text/plain", `{"name":"A","age":1}`, 415},
		{"", `{"name":"A","age":1}`, 415},
		{"application/json/json", `{"name":"A","age":1}`, 415},
		{strings.Repeat("a/", 10_000), `{}`, 415},
	} {
		for method, path := range map[string]string{"POST": "/api/patients/", "PUT": "/api/patients/" + patient + "/"} {
			response := server.Do(testapp.Request{Method: method, Path: path, Token: alice.Access, Body: test.body, Header: map[string]string{"Content-Type": test.contentType}})
			if response.Status != test.status || !strings.HasPrefix(response.Body, "{") {
				t.Errorf("%s %.30q %.60q: got %d %.200s, want %d", method, test.contentType, test.body, response.Status, response.Body, test.status)
			}
		}
	}
	list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server)
	if len(list) != 1 || list[0]["name"] != "John Doe" {
		t.Errorf("something has changed: got %v", list)
	}
}

// endless never ends and has no length.
type endless struct{ content string }

func (e endless) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], e.content)
	}
	return len(p), nil
}

func TestTooLargeBodies(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	before := count(t, server, collections.Patients)
	const tooLarge = `413 {"detail":"Request body is too large."}`
	declared := bytes.NewReader(bytes.Repeat([]byte(" "), 16<<20+1))
	for name, test := range map[string]struct {
		token, contentType string
		body               io.Reader
		want               string
	}{
		"endless JSON":         {alice.Access, "application/json", io.MultiReader(strings.NewReader(`{"name":"`), endless{"x"}), tooLarge},
		"endless form":         {alice.Access, "application/x-www-form-urlencoded", endless{"name=x&"}, tooLarge},
		"endless multipart":    {alice.Access, "multipart/form-data; boundary=b", endless{"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"}, tooLarge},
		"endless nothing":      {alice.Access, "text/plain", endless{"x"}, tooLarge},
		"endless and nobody's": {"garbage", "application/json", endless{"x"}, `401 {"detail":"Given token not valid`},
		"large and nobody's":   {"garbage", "application/json", strings.NewReader(strings.Repeat("x", 8<<20)), `401 {"detail":"Given token not valid`},
		"declared":             {alice.Access, "application/json", declared, tooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequest("POST", server.URL+"/api/patients/", test.body)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+test.token)
			request.Header.Set("Content-Type", test.contentType)
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if got := fmt.Sprintf("%d %s", response.StatusCode, body); err != nil || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
			if !response.Close {
				t.Error("the client does not learn that the connection is closed")
			}
		})
	}
	if after := count(t, server, collections.Patients); after != before {
		t.Errorf("got %d patients, want %d", after, before)
	}
}

func TestLargestBodies(t *testing.T) {
	server := newSlowServer(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	largest := 16<<20 - 64
	for body, want := range map[string]string{
		`{"age":1,"name":[` + strings.Repeat("1,", largest/2) + `1]}`:         `400 {"name":["Not a valid string."]}`,
		`{"age":1,"name":1.` + strings.Repeat("1", largest) + `}`:             `"name":"1.1111111111111112"`,
		`{"age":1,"name":"N","notes":"` + strings.Repeat("n", largest) + `"}`: `201 {"id":`,
	} {
		response := server.Call(alice.Access, "POST", "/api/patients/", body)
		if got := fmt.Sprint(response.Status, " ", response.Body); !strings.Contains(got, want) {
			t.Errorf("%.30s: got %.200s, want %s", body, got, want)
		}
	}
}

func TestWrongQueries(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	server.Patient(alice, "John Doe")
	for query, want := range map[string]string{
		"search=a%00b":                       `400 ["Null characters are not allowed."]`,
		"age=x":                              `400 {"age":["Enter a number."]}`,
		"age=a%00":                           `400 {"age":["Enter a number."]}`,
		"age=1e51":                           `400 {"age":["Ensure this value is less than or equal to 1e+50."]}`,
		"page=x":                             `404 {"detail":"Invalid page."}`,
		"page=2":                             `404 {"detail":"Invalid page."}`,
		"page=%00":                           `404 {"detail":"Invalid page."}`,
		"search=" + strings.Repeat("a+", 40): `400 {"detail":"The search has too many terms."}`,
		"ordering=name%00":                   "200",
		"ordering=--name":                    "200",
		"ordering=name%3B+DROP+TABLE":        "200",
		"ordering=" + strings.Repeat("name,-age,", 1000): "200",
		"age=9999999999999999999999":                     "200 []",
		"age=34.9":                                       "200 [{",
		"age=34;search=nobody":                           `400 {"age":["Enter a number."]}`,
		"search=%FF":                                     "200 []",
		"search=%25":                                     "200 []",
		"search=_":                                       "200 []",
		"search=%5C":                                     "200 []",
		"search=%22":                                     "200 [{",
		"search=%22John%20Doe%22":                        "200 [{",
		"search=doe,JOHN":                                "200 [{",
		"search='doe john'":                              "200 []",
		"%zz&page_size=x&age=34":                         `200 {"count":1`,
		strings.Repeat("a=1&", 5000):                     "200 [{",
	} {
		response := server.Call(alice.Access, "GET", "/api/patients/?"+strings.ReplaceAll(query, " ", "%20"), nil)
		if got := fmt.Sprint(response.Status, " ", response.Body); !strings.HasPrefix(got, want) {
			t.Errorf("%.60s: got %.200s, want %s", query, got, want)
		}
	}
}
