package console

import (
	"fmt"
	"strings"
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// clinic creates example patients, doctors and mappings and returns a patient.
func clinic(server *testapp.Server, user testapp.User) string {
	names := []string{"Ann Example", "Émile Durand", "Ngozi Adeyemi", "محمد العربي", "Ελένη Παππά", "Noah Lindqvist", "Olga Petrova"}
	notes := []string{"Diabetic, type 2", "", "Penicillin allergy. Follow-up in six weeks with new blood work and a talk about the results", "Asthma", "Newborn", "Recovering", "Hypertension"}
	for i := range 32 {
		server.Create(user, "patients", map[string]any{"name": names[(i+3)%7] + fmt.Sprintf(" %d", i+1), "age": (i * 13) % 97, "notes": notes[i%7]})
	}
	patient := server.Create(user, "patients", map[string]any{"name": "Ann Example", "age": 34, "notes": "Diabetic, type 2.\nPenicillin allergy.\n\nFollow-up in six weeks with new blood work."})
	for i, speciality := range []string{"Nephrology", "Cardiology", "Nephrology", "Oncology", "Paediatrics", "Cardiology", "Nephrology", ""} {
		doctor := server.Create(user, "doctors", map[string]any{"name": []string{"Lisa Cuddy", "Gregory House", "James Wilson", "Meredith Grey"}[i%4], "speciality": speciality})
		if i < 3 {
			server.Mapping(user, patient, doctor)
		}
	}
	return patient
}

// TestScreens checks the accessibility of every screen, empty and full, on desktop
// and phone, in light and dark.
func TestScreens(t *testing.T) {
	server := serve(t)
	page := browser.Open(t, server.URL)
	user := server.SignUp("ann")
	colleague := server.SignUp("bob")
	look := func(name string) {
		t.Helper()
		page.Accessible()
		page.Screenshot(name)
	}
	page.Resize(1120, 740)
	page.Until("document.querySelector('form')")
	look("sign-in")
	page.Press("Create an account")
	page.Until("document.querySelector('h1')?.textContent === 'Create an account'")
	look("register")
	page.Press("Sign in")
	page.Until("document.querySelector('h1')?.textContent === 'Sign in'")
	signIn(page, user)
	page.Sees("First steps")
	look("overview-empty")
	page.Press("Patients")
	page.Sees("No patients yet")
	look("patients-empty")

	patient := clinic(server, user)
	server.Create(colleague, "doctors", map[string]any{"name": "Allison Cameron", "speciality": "Immunology"})
	page.Sees("33 patients")
	page.Until("document.querySelector('main .view').getAttribute('aria-busy') === 'false'")
	page.Illustrate("patients")
	look("patients")
	page.Press("Add patient")
	page.Press("Add")
	page.Allow("status of 400 (Bad Request)")
	page.Sees("Enter the name.")
	look("patient-form")
	page.Key("Escape")
	page.Go(server.URL + "/#/" + path(patient))
	page.Sees("Lisa Cuddy")
	page.Illustrate("patient")
	look("patient")
	page.Fill("Assign a doctor", "car")
	page.Until("document.querySelectorAll('[role=option]').length > 0")
	page.Key("ArrowDown")
	look("patient-assign")
	page.Key("Escape")
	page.Press("Delete")
	page.Sees("Delete this patient?")
	look("patient-delete")
	page.Key("Escape")
	page.Press("Doctors")
	page.Sees("Read only")
	look("doctors")
	page.Press("Gregory House")
	page.Sees("None of your patients is assigned")
	look("doctor")
	page.Press("Account")
	page.Sees("This device")
	look("account")
	page.Press("Overview")
	page.Sees("Patients by age")
	look("overview")
	page.Prefer("prefers-color-scheme", "dark")
	page.Illustrate("overview-dark")

	page.Resize(390, 844)
	page.Screenshot("phone-overview-dark")
	page.Prefer("prefers-color-scheme", "light")
	for _, place := range []string{"overview", "patients", path(patient), "doctors", "doctors/1", "account", "nowhere"} {
		page.Go(server.URL + "/#/" + place)
		page.Until("document.querySelector('main [aria-busy=true]') === null && document.querySelector('.skeleton') === null")
		page.Until("document.documentElement.scrollWidth <= innerWidth")
		look("phone-" + strings.ReplaceAll(place, "/", "-"))
	}
	page.Go(server.URL + "/#/patients")
	page.Sees("33 patients")
	page.Illustrate("phone")
	page.Press("Sign out")
	page.Until("document.querySelector('form')")
	look("phone-sign-in")
}
