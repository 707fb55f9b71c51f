package console

import (
	"fmt"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestBusyClinic looks at the console of somebody with a thousand patients, long names
// and long notes, in names of all directions, in light and dark.
func TestBusyClinic(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	names := []string{"Ann Example", "Émile Durand", "محمد العربي", "Wolfeschlegelsteinhausenbergerdorff " + strings.Repeat("von Hohenlohe ", 6), "שרה כהן", "Ngozi Adeyemi", "Łukasz Wiśniewski"}
	var file strings.Builder
	file.WriteString("name,age,notes\n")
	for i := range 997 {
		fmt.Fprintf(&file, "%s,%d,%s\n", strings.TrimSpace(names[i%len(names)]), (i*37)%101, strings.Repeat("Penicillin allergy. ", i%9))
	}
	server.Do(testapp.Request{Method: "POST", Path: "/api/patients/import/", Token: ann.Access, Body: file.String(), Header: map[string]string{"Content-Type": "text/csv"}})
	specialities := []string{"Nephrology", "Cardiology", "Oral and maxillofacial surgery", "Oncology", "Paediatrics", "Dermatology", "Neurology", "Geriatrics", "Urology"}
	doctors := make([]string, 14)
	for i := range doctors {
		doctors[i] = server.Create(ann, "doctors", map[string]any{"name": []string{"Lisa Cuddy", "Gregory House", "ياسمين حسن"}[i%3], "speciality": specialities[i%len(specialities)]})
	}
	long := server.Create(ann, "patients", map[string]any{"name": strings.Repeat("W", 120), "age": 101, "notes": strings.Repeat("Follow-up in six weeks with new blood work. ", 200)})
	patient := server.Create(ann, "patients", map[string]any{"name": "Ελένη Παππά", "age": 0, "notes": "Newborn"})
	for i := range 8 {
		server.Mapping(ann, patient, doctors[i])
	}
	server.Mapping(ann, long, doctors[0])
	server.Must(200, ann.Access, "PATCH", "/api/patients/500/", map[string]any{"notes": "Hay fever"})

	page := signedIn(t, server, ann, "overview")
	page.Until(`document.querySelector(".people li").innerText.includes("changed just now")`)
	page.Until(`document.querySelector(".tile dd").textContent === "999"`)
	page.Sees("1 doctor has another speciality.")
	for _, place := range []struct{ name, path, shows string }{
		{"overview", "overview", "Changed lately"}, {"patients", "patients", "1–25 of 999"}, {"filtered", "patients?age=30-39&search=hohenlohe", "matches"},
		{"long", path(long), "Show all"}, {"patient", path(patient), "You assigned"}, {"doctor", "doctors/" + doctors[0], "2 patients"}, {"doctors", "doctors", "14 doctors"},
		{"account", "account", "This device"},
	} {
		for _, screen := range []struct {
			name          string
			width, height int64
			scheme        string
		}{{"", 1280, 1000, "light"}, {"-dark", 1280, 1000, "dark"}, {"-phone-dark", 390, 844, "dark"}, {"-zoom", 640, 400, "light"}} {
			page.Resize(screen.width, screen.height)
			page.Prefer("prefers-color-scheme", screen.scheme)
			page.Go(server.URL + "/#/" + place.path)
			page.Sees(place.shows)
			page.Until("document.querySelector('main [aria-busy=true]') === null && document.querySelector('.skeleton') === null")
			fits(page)
			page.Screenshot("clinic-" + place.name + screen.name)
		}
		page.Accessible()
	}
}
