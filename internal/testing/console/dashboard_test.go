package console

import (
	"strings"
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// TestDashboard checks that PocketBase's dashboard shows hostile input as text and
// works under our content security policy.
func TestDashboard(t *testing.T) {
	server := serve(t)
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
	// The dashboard navigates to the first collection by itself; wait for it before
	// navigating elsewhere.
	page.Sees("Total: 1")
	page.Go(server.URL + "/_/#/collections?collection=patients")
	for _, text := range texts {
		page.Sees(text)
	}
	page.Screenshot("dashboard")
	// The audit trail begins with what was done last, in words.
	page.Go(server.URL + "/_/#/collections?collection=audit_events")
	page.Until(`(() => {
		const rows = [...document.querySelectorAll("table tbody tr")].map((row) => row.innerText);
		return rows.length > 4 && rows[0].includes("operator@example.com") && rows.some((row) => row.includes("User ann") && row.includes("created"));
	})()`)
	page.Until(`[...document.querySelectorAll("table tbody tr")].findIndex((row) => row.innerText.includes("User ann")) > 0`)
	page.Screenshot("dashboard-audit")
	page.Until(`document.querySelector("[src=x]") === null`)
}
