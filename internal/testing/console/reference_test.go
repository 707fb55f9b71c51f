package console

import (
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// The page of the API reference shows every operation, signs in, and tries
// requests with the session's token.
func TestReference(t *testing.T) {
	server := serve(t)
	alice := server.SignUp("alice")
	server.Patient(alice, "<img src=x onerror=alert(1)>")
	page := browser.Open(t, server.URL+"/api/docs/")
	page.Until(`document.querySelector("#operations-patients-patients_list") !== null`)
	page.Sees("Which doctors treat the caller's patients.")
	page.AccessibleWithout("#reference")

	page.Allow("status of 401 (Unauthorized)")
	page.Fill("Email", alice.Email)
	page.Fill("Password", "wrong")
	page.Press("Sign in")
	page.Sees("No active account found with the given credentials")
	page.Fill("Password", testapp.Password)
	page.Press("Sign in")
	page.Sees("Requests are sent as User alice.")
	page.AccessibleWithout("#reference")

	try := func(operation, status, body string) {
		t.Helper()
		within := "#operations-" + operation
		page.Click(within + " .opblock-summary-control")
		page.Click(within + " .execute")
		page.Until(`document.querySelector("` + within + ` .live-responses-table .response .response-col_status")?.innerText.startsWith("` + status + `")`)
		page.Until(`document.querySelector("` + within + ` .live-responses-table").innerText.includes(` + body + `)`)
		page.Click(within + " .opblock-summary-control")
	}
	try("patients-patients_list", "200", `"<img src=x onerror=alert(1)>"`)
	page.Press("Sign out")
	page.Until(`!document.querySelector("#sign-in").hidden`)
	try("doctors-doctors_list", "401", `"Authentication credentials were not provided."`)
}
