package testapp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// Password is the password of every test user.
const Password = "Tr0ub4dor&3"

// User is a registered and signed-in user.
type User struct {
	ID, Email       string
	Access, Refresh string
}

// Response is a response whose body has been read.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Request is a request for Do. Body is sent as JSON, or unchanged if it is a
// string or a reader.
type Request struct {
	Method, Path string
	Token        string // sent as "Bearer <token>"
	Header       map[string]string
	Body         any
}

// Do makes a request and returns the response. It does not follow redirects.
func (s *Server) Do(request Request) Response {
	s.Helper()
	var body io.Reader
	switch content := request.Body.(type) {
	case nil:
	case string:
		body = strings.NewReader(content)
	case io.Reader:
		body = content
	default:
		encoded, err := json.Marshal(content)
		if err != nil {
			s.Fatal(err)
		}
		body = bytes.NewReader(encoded)
	}
	httpRequest, err := http.NewRequest(request.Method, s.URL+request.Path, body)
	if err != nil {
		s.Fatal(err)
	}
	if body != nil {
		httpRequest.Header.Set("Content-Type", "application/json")
	}
	if request.Token != "" {
		httpRequest.Header.Set("Authorization", "Bearer "+request.Token)
	}
	for name, value := range request.Header {
		httpRequest.Header.Set(name, value)
		if name == "Host" {
			httpRequest.Host = value
		}
	}
	response, err := http.DefaultTransport.RoundTrip(httpRequest)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	answer := Response{Status: response.StatusCode, Header: response.Header, Body: string(content)}
	if s.Observe != nil {
		s.Observe(httpRequest, answer)
	}
	return answer
}

// Call makes a request with a JSON body, or none if it is nil, and returns the
// response.
func (s *Server) Call(token, method, path string, body any) Response {
	s.Helper()
	return s.Do(Request{Method: method, Path: path, Token: token, Body: body})
}

// ID returns the text of an id in a decoded response: a number in the documented API,
// the same as text in PocketBase's own.
func ID(decoded any) string {
	if number, ok := decoded.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	text, _ := decoded.(string)
	return text
}

// Must makes a request and returns the JSON object of the response, an empty map
// if the body is none. Another status fails the test at once.
func (s *Server) Must(status int, token, method, path string, body any) map[string]any {
	s.Helper()
	response := s.Call(token, method, path, body)
	if response.Status != status {
		s.Fatalf("%s %s: got %d %s, want %d", method, path, response.Status, response.Body, status)
	}
	object := map[string]any{}
	if strings.HasPrefix(response.Body, "{") {
		response.Decode(s, &object)
	}
	return object
}

// Decode unmarshals the body from JSON into target.
func (r Response) Decode(s *Server, target any) {
	s.Helper()
	if err := json.Unmarshal([]byte(r.Body), target); err != nil {
		s.Fatalf("not JSON: %s", r.Body)
	}
}

// List returns the body, a JSON array of objects.
func (r Response) List(s *Server) []map[string]any {
	s.Helper()
	var list []map[string]any
	r.Decode(s, &list)
	return list
}

// Email returns the e-mail address with which SignUp registers a user.
func (s *Server) Email(name string) string { return name + s.suffix + "@example.com" }

// SignUp registers a user through the documented API and logs in. The name must
// be unique on the server, or within the test if the server is shared.
func (s *Server) SignUp(name string) User {
	s.Helper()
	user := User{Email: s.Email(name)}
	registered := s.Must(http.StatusCreated, "", "POST", "/api/auth/register/",
		map[string]any{"name": "User " + name, "email": user.Email, "password": Password})
	user.ID = ID(registered["id"])
	s.SignIn(&user)
	return user
}

// SignIn logs the user in and replaces their tokens.
func (s *Server) SignIn(user *User) {
	s.Helper()
	tokens := s.Must(http.StatusOK, "", "POST", "/api/auth/login/",
		map[string]any{"email": user.Email, "password": Password})
	user.Access, user.Refresh = fmt.Sprint(tokens["access"]), fmt.Sprint(tokens["refresh"])
}

// PasswordResetToken returns a token such as PocketBase mails to users who
// reset their password.
func (s *Server) PasswordResetToken(user User) string {
	s.Helper()
	account, err := s.App.FindRecordById("users", user.ID)
	if err != nil {
		s.Fatal(err)
	}
	token, err := account.NewPasswordResetToken()
	if err != nil {
		s.Fatal(err)
	}
	return token
}

// Superuser creates a superuser and returns a token for it.
func (s *Server) Superuser() string {
	s.Helper()
	superusers, err := s.App.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		s.Fatal(err)
	}
	superuser := core.NewRecord(superusers)
	superuser.SetEmail(s.Email("operator"))
	superuser.SetPassword(Password)
	if err := s.App.Save(superuser); err != nil {
		s.Fatal(err)
	}
	token, err := superuser.NewAuthToken()
	if err != nil {
		s.Fatal(err)
	}
	return token
}

// Create creates a record through the documented API and returns its id.
func (s *Server) Create(user User, collection string, values map[string]any) string {
	s.Helper()
	return ID(s.Must(http.StatusCreated, user.Access, "POST", "/api/"+collection+"/", values)["id"])
}

// Patient creates a patient of the user and returns its id.
func (s *Server) Patient(user User, name string) string {
	s.Helper()
	return s.Create(user, collections.Patients, map[string]any{"name": name, "age": 34, "notes": "Diabetic"})
}

// Doctor creates a doctor of the user and returns its id.
func (s *Server) Doctor(user User, name string) string {
	s.Helper()
	return s.Create(user, collections.Doctors, map[string]any{"name": name, "speciality": "Nephrology"})
}

// Mapping assigns a doctor to a patient and returns the mapping's id.
func (s *Server) Mapping(user User, patient, doctor string) string {
	s.Helper()
	return s.Create(user, collections.Mappings, map[string]any{"patient": patient, "doctor": doctor})
}
