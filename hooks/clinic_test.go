package hooks_test

import (
	"net/url"
	"testing"

	"carebase/internal/testing/testapp"
)

// clinic is a server with two users, each with a patient in the care of the
// same doctor, whom a third user added. Batch is switched on.
type clinic struct {
	*testapp.Server
	alice, bob, carol        testapp.User
	doctor                   string
	alicePatient, bobPatient string
	aliceMapping, bobMapping string
	superuser                string
}

func newClinic(t *testing.T) clinic {
	t.Helper()
	app := testapp.NewApp(t, testapp.Default())
	// Before the server reads them: PocketBase does not guard its settings.
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	c := clinic{Server: testapp.Serve(t, app)}
	c.alice, c.bob, c.carol = c.SignUp("alice"), c.SignUp("bob"), c.SignUp("carol")
	c.superuser = c.Superuser()
	c.doctor = c.Doctor(c.carol, "Gregory House")
	c.alicePatient, c.bobPatient = c.Patient(c.alice, "Anna"), c.Patient(c.bob, "Secret Bernard")
	c.aliceMapping = c.Mapping(c.alice, c.alicePatient, c.doctor)
	c.bobMapping = c.Mapping(c.bob, c.bobPatient, c.doctor)
	return c
}

// batch sends one request through the batch endpoint.
func (c clinic) batch(token, method, path string, body any) testapp.Response {
	c.Helper()
	return c.Call(token, "POST", "/api/batch", map[string]any{
		"requests": []any{map[string]any{"method": method, "url": path, "body": body}},
	})
}

// records is the path of a collection's records with query parameters given in
// pairs.
func records(collection string, parameters ...string) string {
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

// ids lists the ids that a native list answers with.
func (c clinic) ids(token, path string) []string {
	c.Helper()
	var list struct {
		Items []struct{ ID string }
	}
	response := c.Call(token, "GET", path, nil)
	if response.Status != 200 {
		c.Fatalf("GET %s: got %d %s", path, response.Status, response.Body)
	}
	response.Decode(c.Server, &list)
	ids := []string{}
	for _, item := range list.Items {
		ids = append(ids, item.ID)
	}
	return ids
}

// want fails the test unless the answer has one of the statuses.
func (c clinic) want(response testapp.Response, statuses ...int) {
	c.Helper()
	for _, status := range statuses {
		if response.Status == status {
			return
		}
	}
	c.Errorf("got %d %s, want %v", response.Status, response.Body, statuses)
}
