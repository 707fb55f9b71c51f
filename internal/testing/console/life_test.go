package console

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// TestLifeOfAPatient goes from registration to the deletion of a patient.
func TestLifeOfAPatient(t *testing.T) {
	server := serve(t)
	colleague := server.SignUp("bob")
	server.Create(colleague, "doctors", map[string]any{"name": "Gregory House", "speciality": "Nephrology"})
	server.Create(colleague, "doctors", map[string]any{"name": "James Wilson", "speciality": "Oncology"})
	page := browser.Open(t, server.URL)
	page.Allow("status of 400 (Bad Request)")

	// Errors appear at their fields, and the first invalid field gets the focus.
	page.Press("Create an account")
	page.Fill("Your name", "Ann Example")
	page.Fill("Email", "nobody")
	page.Reload()
	page.Until(`document.querySelector("[name=name]").value === "Ann Example" && document.querySelector("[name=email]").value === "nobody"`)
	page.Fill("Password", "12345678")
	page.Press("Create account")
	page.Sees("Enter an email address, such as name@example.com.")
	page.Sees("This password is too common.")
	page.Until(`document.activeElement.name === "email" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	page.Until(`document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent.includes("email address")`)
	page.Fill("Email", "ann@example.com")
	page.Fill("Password", testapp.Password)
	page.Press("Create account")
	page.Until(`document.querySelector(".account-name")?.innerText.includes("Ann Example")`)
	ann := testapp.User{Email: "ann@example.com"}
	server.SignIn(&ann)

	page.Press("Patients")
	page.Sees("No patients yet") // a form that is opened before would be closed
	page.Press("Add patient")
	page.Fill("Name", strings.Repeat("x", 121))
	page.Fill("Age", "thirty")
	page.Press("Add")
	page.Sees("Use at most 120 characters.")
	page.Sees("Enter a whole number, such as 34.")
	page.Fill("Name", "John Doe")
	page.Fill("Age", "34")
	page.Fill("Notes", "Diabetic")
	page.Press("Add")
	page.Until(`document.querySelector("h1").textContent === "John Doe"`)
	id := location(page)

	page.Press("Edit")
	page.Fill("Age", "35")
	page.Press("Save")
	page.Sees("35 years")
	page.Sees("You changed the age")
	if got := patientOf(server, ann, id); got["age"] != 35.0 || got["notes"] != "Diabetic" {
		t.Errorf("stored: %v", got)
	}

	page.Fill("Assign a doctor", "neph")
	page.Until(`document.querySelectorAll("[role=option]").length === 1`)
	page.Key("ArrowDown", "Enter")
	page.Until(`document.querySelector(".people").innerText.includes("Gregory House")`)
	if team := server.Call(ann.Access, "GET", "/api/mappings/"+id+"/", nil).List(server); len(team) != 1 {
		t.Errorf("the care team: %v", team)
	}
	page.Fill("Assign a doctor", "gregory")
	page.Sees("No doctor found.")
	page.Press("Remove Gregory House from the care team")
	page.Sees("Nobody is assigned yet.")
	page.Press("Undo")
	page.Until(`document.querySelector(".people").innerText.includes("Gregory House")`)

	// Nothing is deleted while it can be undone.
	page.Press("Delete")
	page.Press("Delete patient")
	page.Sees("No patients yet")
	patientOf(server, ann, id)
	page.Press("Undo")
	page.Sees("1 patient")
	page.Press("Delete John Doe")
	page.Press("Cancel")
	page.Press("Delete John Doe")
	page.Press("Delete patient")
	page.Sees("John Doe deleted.")
	// Leaving the page deletes at once.
	page.Reload()
	page.Sees("No patients yet")
	page.Until(`fetch("/api/patients/` + id + `/", { headers: { Authorization: "Bearer ` + ann.Access + `" } }).then((answer) => answer.status === 404)`)
	page.Allow("status of 404 (Not Found) " + server.URL + "/api/patients/" + id)
	server.Must(http.StatusNotFound, ann.Access, "GET", "/api/patients/"+id+"/", nil)
	page.Go(server.URL + "/#/" + path(id))
	page.Sees("Patient not found")
}

// location returns the id in the page's address.
func location(page *browser.Page) (id string) {
	page.Helper()
	page.Evaluate(`location.hash.split("/").at(-1)`, &id)
	return id
}

// TestKeyboardAlone adds a patient with the keyboard only.
func TestKeyboardAlone(t *testing.T) {
	server := serve(t)
	user := server.SignUp("ann")
	page := browser.Open(t, server.URL)
	page.Until(`document.activeElement.name === "email"`)
	page.Type(user.Email)
	page.Key("Tab")
	page.Type(testapp.Password)
	page.Key("Tab", " ", "Tab", "Enter")
	// A new view focuses its heading.
	page.Until(`document.activeElement.matches("h1") && document.activeElement.textContent === "Overview"`)
	page.Sees("First steps")
	page.Key("Tab", "Enter")
	page.Until(`document.activeElement.name === "name"`)
	page.Type("Jane Roe")
	page.Key("Tab")
	page.Type("0")
	page.Key("Tab", "Tab", "Tab", "Enter")
	page.Until(`document.activeElement.textContent === "Jane Roe"`)
	page.Sees("Under 1 year")
	// Escape asks before it discards input, and the focus returns.
	page.Until(`document.querySelector(".buttons button")`)
	page.Key("Tab", "Enter")
	page.Until(`document.activeElement.name === "name"`)
	page.Type(" and more")
	page.Key("Escape")
	page.Sees("Discard the changes?")
	page.Key("Enter")
	page.SeesNot("Discard the changes?")
	page.Key("Escape")
	page.Press("Discard")
	page.Until(`document.activeElement.textContent === "Edit"`)
}
