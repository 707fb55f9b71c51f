package console

import (
	"strings"
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// TestDashboard shows bad input as text in PocketBase's dashboard, under our
// content security policy.
func TestDashboard(t *testing.T) {
	server := testapp.New(t)
	server.Superuser()
	ann := server.SignUp("ann")
	texts := []string{`<img src=x onerror=alert(1)>`, `مرحبا "quoted" עולם`, "👩🏽‍⚕️🇺🇳", strings.Repeat("W", 120)}
	notes := strings.Repeat("0123456789", 10_000)
	for _, text := range texts {
		server.Create(ann, "patients", map[string]any{"name": text, "age": 1, "notes": notes})
	}
	page := browser.Open(t, server.URL+"/_/")
	page.Until(`document.querySelector("#login_identity")`)
	page.Click("#login_identity")
	page.Type("operator@example.com")
	page.Click("[type=password]")
	page.Type(testapp.Password)
	page.Key("Enter")
	// The dashboard goes to the first collection by itself, which must not come
	// after the way to another.
	page.Sees("Total: 1")
	page.Go(server.URL + "/_/#/collections?collection=patients")
	for _, text := range texts {
		page.Sees(text)
	}
	page.Screenshot("dashboard")
	page.Until(`document.querySelector("[src=x]") === null`)
}
