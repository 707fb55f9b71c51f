package console

import (
	"strconv"
	"testing"
	"time"

	"carebase/internal/config"
	"carebase/internal/testing/browser"
)

// TestTokenExpiryInMidSession checks that tokens are renewed in the background and
// live updates continue.
func TestTokenExpiryInMidSession(t *testing.T) {
	server := serve(t, func(settings *config.Config) {
		settings.AccessTokenLifetime = 4 * time.Second
		settings.RotateRefreshTokens, settings.BlacklistAfterRotation = true, true
	})
	ann := server.SignUp("ann")
	page := signedIn(t, server, ann, "patients")
	page.Sees("No patients yet")
	var stored string
	page.Evaluate(`JSON.parse(sessionStorage.getItem("carebase.session")).access`, &stored)
	page.Until(`JSON.parse(sessionStorage.getItem("carebase.session")).access !== ` + strconv.Quote(stored))
	server.SignIn(&ann)
	server.Patient(ann, "After the renewal")
	page.Sees("After the renewal")
	page.Press("Edit After the renewal")
	page.Fill("Name", "Still signed in")
	page.Press("Save")
	page.Sees("Still signed in")

	// A session that ended elsewhere asks the user to sign in again.
	page.Allow("status of 401 (Unauthorized)")
	server.SignIn(&ann)
	server.Must(200, ann.Access, "POST", "/api/auth/logout/all/", map[string]any{})
	page.Sees("Your session has ended. Sign in again.")
}

// TestDevices signs out one other device, then all.
func TestDevices(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	here := signedIn(t, server, ann, "account")
	there := signedIn(t, server, ann, "patients")
	// The account may be read again just when its session has ended: 404 at the record API.
	here.Allow("status of 401 (Unauthorized)", "status of 404 (Not Found)")
	there.Allow("status of 401 (Unauthorized)")
	here.Reload()
	here.Until(`document.querySelectorAll(".devices li").length === 3`)
	here.Click(".devices li:first-child .button")
	here.Click("dialog .danger")
	here.Until(`document.querySelectorAll(".devices li").length === 2`)
	// The signed-out device notices without interaction.
	there.Sees("Your session has ended. Sign in again.")
	signIn(there, ann)
	here.Press("Sign out everywhere")
	here.Click("dialog .danger")
	here.Until(`document.querySelector("h1")?.textContent === "Sign in"`)
	there.Sees("Your session has ended. Sign in again.")
	here.SeesNot("Your session has ended.")
	here.Until(`sessionStorage.getItem("carebase.session") === null`)
}

// TestStaySignedIn checks that sessions end with the tab unless the user chose to
// stay signed in.
func TestStaySignedIn(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	page := browser.Open(t, server.URL)
	page.Allow("status of 401 (Unauthorized)")
	page.Fill("Email", ann.Email)
	page.Fill("Password", "wrong")
	page.Press("Sign in")
	page.Sees("The email or the password is wrong.")
	signIn(page, ann)
	page.Until(`localStorage.length === 0`)
	tab := page.Tab(server.URL)
	tab.Until(`document.querySelector("h1")?.textContent === "Sign in"`)
	page.Press("Sign out")
	page.Until(`document.querySelector("h1")?.textContent === "Sign in"`)
	page.Click("[type=checkbox]")
	signIn(page, ann)
	tab.Until(`document.querySelector("h1")?.textContent === "Overview"`)
	tab.Press("Sign out")
	page.Until(`document.querySelector("h1")?.textContent === "Sign in"`)
	page.Until(`localStorage.length === 0 && sessionStorage.length === 0`)
	// Whoever has signed out in another tab knows why the session has ended.
	page.Stays(`!document.body.innerText.includes("Your session has ended")`)
}

// TestOfflineAndBack checks that a lost connection is reported, input is kept, and
// missed changes appear after reconnecting.
func TestOfflineAndBack(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	page := signedIn(t, server, ann, "patients")
	page.Sees("No patients yet")
	page.Press("Add patient")
	page.Fill("Name", "Typed offline")
	page.Fill("Age", "5")
	page.Allow("net::ERR_INTERNET_DISCONNECTED")
	page.Evaluate(`window.above = document.querySelector("h1").getBoundingClientRect().y`, nil)
	page.Offline(true)
	page.Until(`document.querySelector(".connection").textContent.includes("The connection is lost.")`)
	page.Until(`document.querySelector("h1").getBoundingClientRect().y === window.above`) // nothing moves under the pointer
	page.Screenshot("offline")
	page.Press("Add")
	page.Sees("The server cannot be reached.")
	server.Patient(ann, "Came meanwhile")
	page.Offline(false)
	page.Until(`!document.querySelector(".connection").textContent.includes("The connection is lost.")`)
	page.Until(`document.querySelector("tbody")?.textContent.includes("Came meanwhile")`)
	page.Press("Add")
	page.Until(`document.querySelector("h1").textContent === "Typed offline"`)
}
