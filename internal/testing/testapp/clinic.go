package testapp

import (
	"net/url"
	"testing"
)

// Clinic is a server with two users, each with a patient in the care of the
// same doctor, whom a third user added. Its batch endpoint is switched on.
type Clinic struct {
	*Server
	Alice, Bob, Carol User
	// The ids of their records, and the token of a superuser.
	DoctorID                 string
	AlicePatient, BobPatient string
	AliceMapping, BobMapping string
	SuperuserToken           string
}

// NewClinic serves a clinic of the test's own until the test ends.
func NewClinic(t testing.TB) Clinic {
	t.Helper()
	return fillClinic(newWithBatch(t))
}

// SharedClinic returns a new clinic on the server that the package's tests share.
func SharedClinic(t testing.TB) Clinic {
	t.Helper()
	return fillClinic(Shared(t))
}

// newWithBatch serves an app whose batch endpoint is switched on.
func newWithBatch(t testing.TB) *Server {
	t.Helper()
	app := NewApp(t, Default())
	// Before the server reads them: PocketBase does not guard its settings.
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	return Serve(t, app)
}

func fillClinic(server *Server) Clinic {
	server.Helper()
	c := Clinic{Server: server}
	c.Alice, c.Bob, c.Carol = c.SignUp("alice"), c.SignUp("bob"), c.SignUp("carol")
	c.SuperuserToken = c.Superuser()
	c.DoctorID = c.Doctor(c.Carol, "Gregory House")
	c.AlicePatient, c.BobPatient = c.Patient(c.Alice, "Anna"), c.Patient(c.Bob, "Secret Bernard")
	c.AliceMapping = c.Mapping(c.Alice, c.AlicePatient, c.DoctorID)
	c.BobMapping = c.Mapping(c.Bob, c.BobPatient, c.DoctorID)
	return c
}

// Batch sends one request through the batch endpoint.
func (c Clinic) Batch(token, method, path string, body any) Response {
	c.Helper()
	return c.Call(token, "POST", "/api/batch", map[string]any{
		"requests": []any{map[string]any{"method": method, "url": path, "body": body}},
	})
}

// Records is the path of a collection's records with query parameters given in
// pairs.
func Records(collection string, parameters ...string) string {
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	path := "/api/collections/" + collection + "/records"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// IDs lists the ids that a native list answers with.
func (c Clinic) IDs(token, path string) []string {
	c.Helper()
	var list struct {
		Items []struct{ ID string }
	}
	response := c.Call(token, "GET", path, nil)
	if response.Status != 200 {
		c.Fatalf("GET %s: got %d %s", path, response.Status, response.Body)
	}
	response.Decode(c.Server, &list)
	found := []string{}
	for _, item := range list.Items {
		found = append(found, item.ID)
	}
	return found
}

// Want fails the test unless the answer has one of the statuses.
func (c Clinic) Want(response Response, statuses ...int) {
	c.Helper()
	for _, status := range statuses {
		if response.Status == status {
			return
		}
	}
	c.Errorf("got %d %s, want %v", response.Status, response.Body, statuses)
}
