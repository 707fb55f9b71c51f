package routes_test

import (
	"net/http"
	"testing"

	"carebase/internal/browsertest"
	"carebase/internal/testapp"
)

// unauthorized is what the browser says of each first look at a resource, which
// cannot carry a token.
const unauthorized = "status of 401 (Unauthorized) http://"

// browse signs a user in and opens a page of the browsable API.
func browse(t *testing.T, server *testapp.Server, user testapp.User, path string) *browsertest.Page {
	t.Helper()
	page := browsertest.Open(t, server.URL+path)
	page.Allow(unauthorized)
	page.Fill("Email address", user.Email)
	page.Fill("Password", testapp.Password)
	page.Click("#sign-in-form button")
	page.Sees("HTTP 200 OK")
	return page
}

func TestBrowsableAPI(t *testing.T) {
	browsertest.Need(t)
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	t.Run("the life of a patient", func(t *testing.T) {
		page := browse(t, server, alice, "/api/patients/")
		page.Allow("status of 400 (Bad Request) http://", "status of 404 (Not Found) http://")
		page.Screenshot("list")
		page.Accessible()
		page.Fill("Name", "<img src=x onerror=alert(1)> مرحبا 🩺")
		page.Fill("Age", "-1")
		page.Press("POST")
		page.Sees("Ensure this value is greater than or equal to 0.")
		page.Until(`document.activeElement.name === "age"`)
		page.Screenshot("refused")
		page.Accessible()
		page.Fill("Age", "34")
		page.Press("POST")
		page.Sees("HTTP 201 Created")
		page.Until(`!document.querySelector("img[src=x]")`)
		page.Click(".body a.string")
		page.Sees("Patient Instance")
		page.Sees("HTTP 200 OK")
		page.Fill("Notes", "Diabetic")
		page.Press("PATCH")
		page.Until(`document.querySelector("#request-line").innerText.startsWith("PATCH")`)
		page.Sees("HTTP 200 OK")
		page.Screenshot("changed")
		page.Press("OPTIONS")
		page.Until(`document.querySelector(".body").innerText.includes("read_only")`)
		page.Press("json")
		page.Until(`document.querySelector(".body").innerText.startsWith('{"id":"')`)
		page.Press("DELETE")
		page.Accessible()
		page.Press("Cancel")
		page.Press("DELETE")
		page.Press("Delete")
		page.Sees("HTTP 204 No Content")
		page.Press("Patient List")
		page.Sees("HTTP 200 OK")
		page.SeesNot("onerror")
	})
	_ = bob
	_ = http.StatusOK
}
