package consoletest

import (
	"testing"

	"carebase/internal/browsertest"
	"carebase/internal/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m, browsertest.Close) }

// signIn fills in the form.
func signIn(page *browsertest.Page, user testapp.User) {
	page.Helper()
	page.Fill("E-mail", user.Email)
	page.Fill("Password", testapp.Password)
	page.Press("Sign in")
	page.Until("document.querySelector('h1')?.textContent === 'Overview'")
}

// path is where the console shows a patient.
func path(id string) string { return "patients/" + id }
