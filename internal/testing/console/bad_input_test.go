package console

import (
	"encoding/json"
	"strings"
	"testing"

	"carebase/internal/testing/browser"
)

// fits waits until nothing overflows the page's width.
func fits(page *browser.Page) {
	page.Helper()
	page.Until(`document.documentElement.scrollWidth <= innerWidth`)
}

// TestBadInput checks that hostile and long texts are shown as text, on desktop and
// phone, and stored unchanged.
func TestBadInput(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	page := signedIn(t, server, ann, "patients")
	wide := strings.Repeat("𝕎", 60) + strings.Repeat("W", 60)
	texts := []string{
		`<img src=x onerror=alert(1)>`,
		`</script><script>alert(1)</script> &lt;b&gt; {{7*7}} ${7*7} %s javascript:alert(1)`,
		"\u202eright to left override مرحبا \"quoted\" עולם 👩🏽‍⚕️🧑‍🚀🇺🇳",
		wide,
	}
	notes := strings.Repeat("Line of notes <b>with</b> 👩🏽‍⚕️ and مرحبا.\n", 2000)[:100_000]
	notes = strings.ToValidUTF8(notes, "")
	notes = strings.TrimSpace(notes)
	doctor := server.Create(ann, "doctors", map[string]any{"name": texts[0], "speciality": wide})
	for i, text := range texts {
		notes := notes
		if i > 0 {
			notes = text
		}
		page.Go(server.URL + "/#/patients")
		page.Press("Add patient")
		page.Fill("Name", text)
		page.Fill("Age", "1")
		page.Fill("Notes", notes)
		page.Press("Add")
		page.Until(`document.querySelector("h1").textContent === ` + quote(text))
		id := location(page)
		if got := patientOf(server, ann, id); got["name"] != text || got["notes"] != notes {
			t.Errorf("%q became %q, its notes have %d bytes", text, got["name"], len(got["notes"].(string)))
		}
		server.Mapping(ann, id, doctor)
		page.Until(`document.querySelector(".people")?.innerText.includes("onerror")`)
		// Editing another field preserves line breaks that browsers normalize.
		server.Must(200, ann.Access, "PATCH", "/api/patients/"+id+"/", map[string]any{"notes": "a\r\nb"})
		page.Until(`document.querySelector(".notes")?.textContent === "a\r\nb"`)
		page.Press("Edit")
		page.Fill("Age", "2")
		page.Press("Save")
		page.Sees("2 years")
		if got := patientOf(server, ann, id)["notes"]; got != "a\r\nb" {
			t.Errorf("the notes became %q", got)
		}
		fits(page)
	}
	for _, place := range []string{"patients", "doctors", "overview"} {
		page.Go(server.URL + "/#/" + place)
		page.Until(`document.querySelector("main tbody tr, main .tile")`)
		fits(page)
		page.Screenshot("bad-input-" + place)
		page.Resize(360, 740)
		fits(page)
		page.Screenshot("bad-input-phone-" + place)
		page.Resize(1280, 800)
	}
	page.Until(`document.querySelectorAll("img:not([src='icon.svg']), b, iframe").length === 0`)
}

// quote returns a text as a JavaScript literal.
func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}
