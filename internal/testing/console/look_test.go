package console

import (
	"testing"
)

// TestLook checks what pictures have shown to be wrong before.
func TestLook(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	clinic(server, ann)
	page := signedIn(t, server, ann, "patients")
	page.Allow("status of 400 (Bad Request)")
	page.Sees("33 patients")
	// Names in all scripts begin where the column does.
	page.Until(`(() => {
		const lefts = [...document.querySelectorAll("tbody .row-link")].map((link) => {
			const range = document.createRange();
			range.selectNodeContents(link);
			return Math.round(range.getBoundingClientRect().left);
		});
		return new Set(lefts).size === 1;
	})()`)
	// A wide screen is used.
	page.Resize(1920, 1000)
	page.Until(`document.querySelector(".list").offsetWidth > 1500`)
	page.Until(`document.querySelector(".column-notes .excerpt").offsetWidth > 500`)
	page.Screenshot("wide-patients")
	// A field with an error stays red while it has the focus.
	page.Press("Add patient")
	page.Press("Add")
	page.Until(`document.activeElement.getAttribute("aria-invalid") === "true" &&
		getComputedStyle(document.activeElement).outlineColor === getComputedStyle(document.querySelector(".error:not([hidden])")).color`)
	page.Sees("Enter the age.")
	page.Key("Escape")
	// Forced colours show the current place.
	page.Prefer("forced-colors", "active")
	page.Until(`getComputedStyle(document.querySelector(".places [aria-current]")).borderTopStyle === "solid"`)
	page.Screenshot("forced-colours")
	page.Prefer("forced-colors", "none")

	page.Resize(390, 844)
	for _, place := range []string{"patients", "doctors"} {
		page.Go(server.URL + "/#/" + place)
		page.Until(`document.querySelector("h1").textContent.toLowerCase() === ` + quote(place) + ` && document.querySelector("tbody tr")?.getBoundingClientRect().top <= innerHeight / 4`)
	}
	page.Go(server.URL + "/#/account")
	page.Until(`document.querySelector(".devices .button")?.offsetHeight < 50`)
	page.Go(server.URL + "/#/overview")
	page.Until(`document.querySelector(".bar")`)
	page.Until(`[...document.querySelectorAll(".bars:not(.columns-chart) .bar")].every((bar) => {
		const [label, track] = [...bar.children].map((part) => part.getBoundingClientRect());
		return label.right <= track.left;
	})`)
	// At 200 % nothing is cut off.
	page.Resize(640, 400)
	for _, place := range []string{"overview", "patients", "patients/33", "doctors", "account"} {
		page.Go(server.URL + "/#/" + place)
		page.Until("document.querySelector('main [aria-busy=true]') === null && document.querySelector('.skeleton') === null")
		fits(page)
		page.Screenshot("zoom-" + place[:min(8, len(place))])
	}
}
