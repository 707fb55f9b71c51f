package console

import (
	"testing"

	"carebase/internal/testing/browser"
)

// TestResetPassword follows the link of the mail.
func TestResetPassword(t *testing.T) {
	server := serve(t)
	ann := server.SignUp("ann")
	token := server.PasswordResetToken(ann)
	page := browser.Open(t, server.URL+"/reset-password/#"+token)
	page.Allow("status of 400 (Bad Request)")
	page.Accessible()
	page.Fill("New password", "12345")
	page.Press("Set the password")
	page.Sees("This password is entirely numeric.")
	page.Fill("New password", "An0ther-one!")
	page.Press("Set the password")
	page.Sees("The password is set.")
	page.Accessible()
	server.Must(200, "", "POST", "/api/auth/login/", map[string]any{"email": ann.Email, "password": "An0ther-one!"})

	used := browser.Open(t, server.URL+"/reset-password/#"+token)
	used.Allow("status of 400 (Bad Request)")
	used.Fill("New password", "An0ther-one!2")
	used.Press("Set the password")
	used.Sees("The link is invalid or has expired.")
	none := browser.Open(t, server.URL+"/reset-password/")
	none.Sees("The link is invalid or has expired.")
	none.Press("Ask for a new link")
	none.Sees("You get a mail with a link")
}
