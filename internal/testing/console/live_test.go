package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carebase/internal/collections"
	"carebase/internal/realtime"
	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// TestLiveUpdates checks that changes made elsewhere appear.
func TestLiveUpdates(t *testing.T) {
	server := serve(t)
	ann, bob := server.SignUp("ann"), server.SignUp("bob")
	first := browser.Open(t, server.URL)
	first.Fill("Email", ann.Email)
	first.Fill("Password", testapp.Password)
	first.Click("[type=checkbox]")
	first.Press("Sign in")
	first.Sees("First steps")
	second := first.Tab(server.URL + "/#/patients")
	second.Sees("No patients yet")
	other := signedIn(t, server, bob, "patients")
	other.Sees("No patients yet")

	// From an API client.
	patient := server.Patient(ann, "John Doe")
	second.Sees("John Doe")
	first.Until(`document.querySelector(".tile dd").textContent === "1"`)
	other.Stays(`document.body.innerText.includes("No patients yet")`)

	// From another tab, while this one has the form open and nothing typed in.
	first.Go(server.URL + "/#/" + path(patient))
	first.Press("Edit")
	second.Press("Edit John Doe")
	second.Fill("Age", "77")
	second.Press("Save")
	first.Sees("77 years")
	first.Sees("Somebody else has changed age; you see the new values.")
	first.Until(`document.querySelector("[name=age]").value === "77"`)
	first.Key("Escape")

	// Saving does not revert concurrent changes to other fields.
	first.Press("Edit")
	first.Fill("Notes", "Recovered")
	server.Must(200, ann.Access, "PATCH", "/api/patients/"+patient+"/", map[string]any{"name": "Jane Doe"})
	second.Sees("Jane Doe")
	first.Press("Save")
	first.Sees("Recovered")
	if got := patientOf(server, ann, patient); got["name"] != "Jane Doe" || got["notes"] != "Recovered" {
		t.Errorf("stored: %v", got)
	}

	doctor := server.Doctor(bob, "Gregory House")
	server.Mapping(ann, patient, doctor)
	first.Until(`document.querySelector(".people")?.innerText.includes("Gregory House")`)
	server.Must(204, ann.Access, "DELETE", "/api/patients/"+patient+"/", nil)
	second.Sees("No patients yet")
	first.Allow("status of 404 (Not Found) " + server.URL + "/api/patients/" + patient)
	first.Sees("Patient not found")
	other.Stays(`document.body.innerText.includes("No patients yet")`)
}

// TestTabsShareOneStream opens more tabs than a browser has connections to an
// HTTP/1.1 server, and closes the one that has the stream.
func TestTabsShareOneStream(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	first := browser.Open(t, server.URL)
	first.Fill("Email", ann.Email)
	first.Fill("Password", testapp.Password)
	first.Click("[type=checkbox]")
	first.Press("Sign in")
	first.Sees("First steps")
	room := realtime.Of(server.App)
	testapp.Eventually(t, 20*time.Second, "the stream is open", func() bool { return room.Connected() == 1 })
	var tabs []*browser.Page
	for range 7 {
		tab := first.Tab(server.URL + "/#/patients")
		tab.Sees("No patients yet")
		tabs = append(tabs, tab)
	}
	if got := room.Connected(); got != 1 {
		t.Errorf("eight tabs have %d streams", got)
	}
	server.Patient(ann, "John Doe")
	for _, tab := range tabs {
		tab.Sees("John Doe")
	}
	first.Go("about:blank")
	server.Patient(ann, "Jane Doe")
	for _, tab := range tabs {
		tab.Sees("Jane Doe")
	}
	testapp.Eventually(t, 20*time.Second, "another tab has the stream", func() bool { return room.Connected() == 1 })
}

// TestTenThousandPatients checks that a long list only renders one page.
func TestTenThousandPatients(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	const total, chunk = 10_000, 500
	for from := 0; from < total; from += chunk {
		var rows []string
		for i := from; i < from+chunk; i++ {
			rows = append(rows, fmt.Sprintf("('patient%08d', 'Patient %d', %d, 'Diabetic', '%s', '2026-01-%02d 12:00:00.000Z')", i, i, i%100, ann.ID, 1+i%28))
		}
		_, err := server.App.NonconcurrentDB().NewQuery("INSERT INTO {{" + collections.Patients +
			"}} ([[id]], [[name]], [[age]], [[notes]], [[created_by]], [[created_at]]) VALUES " + strings.Join(rows, ", ")).Execute()
		if err != nil {
			t.Fatal(err)
		}
	}
	page := signedIn(t, server, ann, "patients")
	page.Sees("10,000 patients")
	page.Sees("1–25 of 10,000")
	page.Until(`document.querySelectorAll("tbody tr").length === 25`)
	page.Press("Next page")
	page.Sees("26–50 of 10,000")
	page.Fill("Search patients", "patient 9999")
	page.Sees("1 match")
	page.Until(`document.querySelectorAll("tbody tr").length === 1`)
	page.Fill("Search patients", "")
	page.Press("Age")
	page.Until(`document.querySelector("tbody .column-age").textContent === "0"`)
	page.Press("Age")
	page.Until(`document.querySelector("tbody .column-age").textContent === "99"`)
	page.Until(`document.querySelector(".column-age").getAttribute("aria-sort") === "descending"`)
	// The address has the page and the order.
	page.Press("Next page")
	page.Until(`location.hash === "#/patients?ordering=-age&page=2"`)
	page.Reload()
	page.Sees("26–50 of 10,000")
	page.Fill("Page", "400")
	page.Key("Enter")
	page.Sees("9,976–10,000 of 10,000")
	page.Press("Overview")
	page.Until(`document.querySelector(".tile dd")?.textContent === "10,000"`)
}
