package console

import (
	"fmt"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m, browser.Close) }

// serve serves an app for a test that has a browser.
func serve(t testing.TB, options ...func(*config.Config)) *testapp.Server {
	t.Helper()
	browser.Need(t)
	return testapp.New(t, options...)
}

// signedIn opens the console, signs the user in and goes to a place.
func signedIn(t testing.TB, server *testapp.Server, user testapp.User, place string) *browser.Page {
	t.Helper()
	page := browser.Open(t, server.URL)
	signIn(page, user)
	page.Go(server.URL + "/#/" + place)
	page.Until("location.hash === '#/" + place + "' && document.querySelector('main h1')")
	return page
}

// signIn submits the sign-in form and waits for the next view.
func signIn(page *browser.Page, user testapp.User) {
	page.Helper()
	page.Fill("Email", user.Email)
	page.Fill("Password", testapp.Password)
	page.Press("Sign in")
	page.Until("document.querySelector('main .view')")
}

// path returns the console's path of a patient.
func path(id string) string { return "patients/" + id }

// patientOf returns a patient as the API represents it.
func patientOf(server *testapp.Server, user testapp.User, id string) map[string]any {
	server.Helper()
	return server.Must(200, user.Access, "GET", fmt.Sprintf("/api/patients/%s/", id), nil)
}
