package console

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// links has the paths that mails lead to, as they are sent.
func links(server *testapp.Server, pattern string) chan string {
	found, link := make(chan string, 10), regexp.MustCompile(pattern)
	server.App.OnMailerSend().BindFunc(func(e *core.MailerEvent) error {
		if match := link.FindStringSubmatch(e.Message.HTML); match != nil {
			found <- match[1]
		}
		return nil
	})
	return found
}

// TestAccount changes the name, the password and the address, and confirms it, with
// links that lead to the console.
func TestAccount(t *testing.T) {
	server := serve(t)
	mails := links(server, `"http://127\.0\.0\.1:8000(/#/[^"]+)"`)
	ann := server.SignUp("ann")
	page := signedIn(t, server, ann, "account")
	page.Allow("status of 400 (Bad Request)", "status of 401 (Unauthorized)")
	page.Fill("Your name", "")
	page.Press("Save the name")
	page.Sees("Enter your name.")
	page.Fill("Your name", "Ann of the account")
	page.Press("Overview")
	page.Sees("First steps")
	page.Press("Account")
	page.Until(`document.querySelector("[name=name]")?.value === "Ann of the account"`)
	page.Press("Save the name")
	page.Until(`document.querySelector(".account-name").innerText.includes("Ann of the account")`)

	page.Press("Send a link to confirm it")
	page.Sees("A mail with a link is on its way to " + ann.Email)
	guest := browser.Open(t, server.URL+<-mails)
	guest.Sees("Your email address is confirmed.")
	guest.Accessible()

	page.Fill("Current password", "wrong")
	page.Fill("New password", "An0ther-one!")
	page.Press("Change the password")
	page.Sees("Your old password was entered incorrectly.")
	page.Fill("Current password", testapp.Password)
	page.Press("Change the password")
	page.Sees("Password changed.")
	page.Reload()
	page.Sees("Confirmed")
	server.Must(401, ann.Access, "GET", "/api/patients/", nil)

	page.Fill("New email", "new-"+ann.Email)
	page.Press("Change the address")
	page.Sees("The address changes when you follow it.")
	guest.Go("about:blank")
	guest.Go(server.URL + <-mails)
	guest.Fill("Password", "An0ther-one!")
	guest.Accessible()
	guest.Press("Change the address")
	guest.Sees("Your email address is changed.")
	server.Must(200, "", "POST", "/api/auth/login/", map[string]any{"email": "new-" + ann.Email, "password": "An0ther-one!"})
}

// TestForgottenPassword asks for a mail, whose link leads to Carebase.
func TestForgottenPassword(t *testing.T) {
	server := serve(t)
	mails := links(server, `"http://127\.0\.0\.1:8000(/reset-password/#[^"]+)"`)
	ann := server.SignUp("ann")
	page := browser.Open(t, server.URL)
	page.Press("Forgot your password?")
	page.Until(`document.querySelector("h1").textContent === "Forgot your password?" && document.activeElement.name === "email"`)
	page.Fill("Email", ann.Email)
	page.Accessible()
	page.Press("Send the link")
	page.Sees("a mail with a link is on its way.")
	page.Go(server.URL + <-mails)
	page.Sees("Set a new password")
}

// TestSecondFactor signs in with a password and a code from a mail, stays signed in
// and signs out.
func TestSecondFactor(t *testing.T) {
	server := serve(t)
	codes := links(server, `<strong>(\d+)</strong>`)
	ann := server.SignUp("ann")
	users, err := server.App.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	users.MFA.Enabled, users.OTP.Enabled = true, true
	if err := server.App.Save(users); err != nil {
		t.Fatal(err)
	}
	page := browser.Open(t, server.URL)
	page.Allow("status of 400 (Bad Request)", "status of 401 (Unauthorized)")
	page.Fill("Email", ann.Email)
	page.Fill("Password", "wrong")
	page.Press("Sign in")
	page.Sees("The email or the password is wrong.")
	page.Fill("Password", testapp.Password)
	page.Press("Sign in")
	page.Until(`document.activeElement.name === "code"`)
	page.Accessible()
	code := <-codes
	page.Fill("Code", "0")
	page.Press("Sign in")
	page.Sees("The code is wrong or has expired.")
	page.Fill("Code", code)
	page.Press("Sign in")
	page.Until(`document.querySelector(".account-name")?.innerText.includes("User ann")`)
	page.Evaluate(`import("/session.js").then(({ current, renew }) => renew(current().access))`, nil)
	page.Press("Patients")
	page.Sees("No patients yet")
	page.Press("Sign out")
	page.Until(`document.querySelector("h1")?.textContent === "Sign in" && sessionStorage.length === 0`)
}

// TestUsersChooseASecondFactor has a field that an operator has added, and the rule that
// reads it.
func TestUsersChooseASecondFactor(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	page := signedIn(t, server, ann, "account")
	page.Sees("Not confirmed")
	page.Until(`![...document.querySelectorAll("h2")].find((title) => title.innerText === "Second factor")?.checkVisibility()`)
	users, err := server.App.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	users.Fields.Add(&core.BoolField{Name: "second_factor"})
	users.MFA.Enabled, users.OTP.Enabled, users.MFA.Rule = true, true, "second_factor = true"
	if err := server.App.Save(users); err != nil {
		t.Fatal(err)
	}
	asks := func() bool {
		answer := server.Call("", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": ann.Email, "password": testapp.Password})
		return answer.Status == 401 && strings.Contains(answer.Body, "mfaId")
	}
	if asks() {
		t.Error("asked before she has chosen it")
	}
	page.Reload()
	page.Sees("Ask for a code from a mail when I sign in")
	page.Accessible()
	page.Click(`[aria-label="Second factor"] input`)
	page.Sees("From now on, signing in asks for a code.")
	if !asks() {
		t.Error("not asked although she has chosen it")
	}
	page.Reload()
	page.Until(`document.querySelector('[aria-label="Second factor"] input')?.checked`)
	page.Click(`[aria-label="Second factor"] input`)
	page.Sees("Signing in asks for the password only.")
	if asks() {
		t.Error("asked although she has taken it back")
	}
}
