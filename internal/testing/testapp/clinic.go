package testapp

import (
	"net/url"
	"testing"
	"time"

	"carebase/internal/app"
	"carebase/internal/config"
)

// Clinic is a server with two users, each of whom has a patient, and a doctor
// of a third user who is assigned to both patients. Its batch endpoint is
// switched on.
type Clinic struct {
	*Server
	Alice, Bob, Carol User
	// The ids of their records, and a superuser's token.
	DoctorID                 string
	AlicePatient, BobPatient string
	AliceMapping, BobMapping string
	SuperuserToken           string
}

// NewClinic serves a clinic on a server of its own until the test ends. Its API
// serves the operators' collections with the given names.
func NewClinic(t testing.TB, resources ...string) Clinic {
	t.Helper()
	settings := Default()
	settings.APIResources = resources
	return fillClinic(newWithBatch(t, settings))
}

// SharedClinic returns a new clinic on the server that the package's tests share.
func SharedClinic(t testing.TB) Clinic {
	t.Helper()
	return fillClinic(Shared(t))
}

// newWithBatch serves an app with the batch endpoint switched on, and with time for
// long requests on a busy machine.
func newWithBatch(t testing.TB, settings *config.Config) *Server {
	t.Helper()
	app := NewApp(t, settings, func(options *app.Options) { options.Timeouts.User = time.Minute })
	// Saved before the server starts, because PocketBase does not lock its
	// settings.
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

// Records returns the path of a collection's records in PocketBase's own API.
// The parameters are pairs of names and values.
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

// IDs returns the ids of the records in a list of PocketBase's own API.
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

// Want fails the test unless the response has one of the statuses.
func (c Clinic) Want(response Response, statuses ...int) {
	c.Helper()
	for _, status := range statuses {
		if response.Status == status {
			return
		}
	}
	c.Errorf("got %d %s, want %v", response.Status, response.Body, statuses)
}
