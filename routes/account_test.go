package routes_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/dberror"
	"carebase/internal/django"
	"carebase/internal/testing/testapp"
)

const anotherPassword = "An0ther-one!"

func TestMe(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice := server.SignUp("alice")
	shown := server.Must(http.StatusOK, alice.Access, "GET", "/api/auth/me/", nil)
	if testapp.ID(shown["id"]) != alice.ID || shown["email"] != alice.Email || shown["name"] != "User alice" || len(shown) != 3 {
		t.Errorf("got %v", shown)
	}
	server.Must(http.StatusUnauthorized, "", "GET", "/api/auth/me/", nil)
	server.Must(http.StatusUnauthorized, server.Superuser(), "GET", "/api/auth/me/", nil)
}

// logIn tries a password.
func logIn(server *testapp.Server, user testapp.User, password string) int {
	return server.Call("", "POST", "/api/auth/login/", map[string]any{"email": user.Email, "password": password}).Status
}

func TestPasswordChange(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice, elsewhere, bob := server.SignUp("alice"), testapp.User{}, server.SignUp("bob")
	elsewhere = alice
	server.SignIn(&elsewhere)
	const path = "/api/auth/password/change/"
	for body, want := range map[string]string{
		`{}`: `{"old_password":["This field is required."],"new_password":["This field is required."]}`,
		`{"old_password":"wrong","new_password":"An0ther-one!"}`: `{"old_password":["Your old password was entered incorrectly. Please enter it again."]}`,
		`{"old_password":"Tr0ub4dor&3","new_password":"12345"}`: `{"new_password":["This password is too short. It must contain at least 8 characters.",` +
			`"This password is too common.","This password is entirely numeric."]}`,
		fmt.Sprintf(`{"old_password":"Tr0ub4dor&3","new_password":%q}`, alice.Email): `{"new_password":["The password is too similar to the email."]}`,
	} {
		if refused := server.Call(alice.Access, "POST", path, body); refused.Status != http.StatusBadRequest || refused.Body != want {
			t.Errorf("%s: got %d %s, want %s", body, refused.Status, refused.Body, want)
		}
	}
	change := map[string]any{"old_password": testapp.Password, "new_password": anotherPassword}
	server.Must(http.StatusUnauthorized, "", "POST", path, change)
	tokens := server.Must(http.StatusOK, alice.Access, "POST", path, change)
	for _, ended := range []testapp.User{alice, elsewhere} {
		server.Must(http.StatusUnauthorized, ended.Access, "GET", "/api/auth/me/", nil)
		server.Must(http.StatusUnauthorized, "", "POST", "/api/token/refresh/", map[string]any{"refresh": ended.Refresh})
	}
	access := fmt.Sprint(tokens["access"])
	server.Must(http.StatusOK, access, "GET", "/api/auth/me/", nil)
	server.Must(http.StatusOK, "", "POST", "/api/token/refresh/", map[string]any{"refresh": tokens["refresh"]})
	sessions := server.Call(access, "GET", "/api/auth/sessions/", nil).List(server)
	if len(sessions) != 1 || sessions[0]["current"] != true {
		t.Errorf("got %v", sessions)
	}
	server.Must(http.StatusOK, bob.Access, "GET", "/api/auth/me/", nil)
	if old, changed := logIn(server, alice, testapp.Password), logIn(server, alice, anotherPassword); old != 401 || changed != 200 {
		t.Errorf("the old password: %d, the new one: %d", old, changed)
	}
	wantDetails(t, server, server.Superuser(), alice, "password change: wrong password", "password change")
}

// wantDetails looks for a user's events in the audit trail.
func wantDetails(t *testing.T, server *testapp.Server, superuser string, user testapp.User, details ...string) {
	t.Helper()
	if err := audit.Flush(t.Context(), server.App); err != nil {
		t.Fatal(err)
	}
	for _, detail := range details {
		filter := fmt.Sprintf("detail = %q && records = %q", detail, user.ID)
		if found := server.Must(http.StatusOK, superuser, "GET", testapp.Records("audit_events", "filter", filter), nil); found["totalItems"] != 1.0 {
			t.Errorf("%v events of %q", found["totalItems"], detail)
		}
	}
}

// Nobody who has found an open browser guesses the password there.
func TestGuessingAtAPasswordChange(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	guess := func(old string) testapp.Response {
		return server.Call(alice.Access, "POST", "/api/auth/password/change/", map[string]any{"old_password": old, "new_password": anotherPassword})
	}
	for range 6 {
		if response := guess("guess"); response.Status != http.StatusBadRequest {
			t.Fatalf("got %d %s", response.Status, response.Body)
		}
	}
	if response := guess(testapp.Password); response.Status != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", response.Status, response.Body)
	}
}

var resetLink = regexp.MustCompile(`http://127\.0\.0\.1:8000/reset-password/#([\w.-]+)`)

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	checkAgainstReference(t, server)
	alice, bob, inactive := server.SignUp("alice"), server.SignUp("bob"), server.SignUp("inactive")
	record, err := server.App.FindRecordById("users", inactive.ID)
	if err != nil {
		t.Fatal(err)
	}
	record.Set(django.FieldInactive, true)
	if err := server.App.Save(record); err != nil {
		t.Fatal(err)
	}
	mails := make(chan *core.MailerEvent, 10)
	server.App.OnMailerSend().BindFunc(func(e *core.MailerEvent) error { mails <- e; return nil })

	const path = "/api/auth/password/reset/"
	asked := map[string]testapp.Response{}
	for _, email := range []string{alice.Email, "nobody@example.com", inactive.Email} {
		begun := time.Now()
		asked[email] = server.Call("", "POST", path, map[string]any{"email": email})
		if took := time.Since(begun); took < 200*time.Millisecond {
			t.Errorf("%s: the answer took %v", email, took)
		}
		if asked[email].Status != http.StatusOK || asked[email].Body != asked[alice.Email].Body {
			t.Errorf("%s: got %d %s", email, asked[email].Status, asked[email].Body)
		}
	}
	server.Must(http.StatusBadRequest, "", "POST", path, map[string]any{"email": "no address"})

	var mail *core.MailerEvent
	select {
	case mail = <-mails:
	case <-time.After(10 * time.Second):
		t.Fatal("no mail came")
	}
	link := resetLink.FindStringSubmatch(mail.Message.HTML)
	if link == nil || len(mail.Message.To) != 1 || mail.Message.To[0].Address != alice.Email {
		t.Fatalf("got %+v", mail.Message)
	}

	confirm := func(token, password string) testapp.Response {
		return server.Call("", "POST", path+"confirm/", map[string]any{"token": token, "new_password": password})
	}
	verification, err := record.NewVerificationToken()
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"wrong", alice.Access, verification, server.PasswordResetToken(inactive), link[1] + "x"} {
		if refused := confirm(token, anotherPassword); refused.Status != http.StatusBadRequest || refused.Body != `{"token":["Invalid or expired token."]}` {
			t.Errorf("got %d %s", refused.Status, refused.Body)
		}
	}
	if refused := confirm(link[1], alice.Email); refused.Body != `{"new_password":["The password is too similar to the email."]}` {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
	if both := confirm("wrong", "1"); !strings.Contains(both.Body, `"token":[`) || !strings.Contains(both.Body, `"new_password":[`) {
		t.Errorf("got %d %s", both.Status, both.Body)
	}
	if done := confirm(link[1], anotherPassword); done.Status != http.StatusOK {
		t.Fatalf("got %d %s", done.Status, done.Body)
	}
	if again := confirm(link[1], anotherPassword+"2"); again.Status != http.StatusBadRequest {
		t.Errorf("the token again: got %d", again.Status)
	}
	server.Must(http.StatusUnauthorized, alice.Access, "GET", "/api/auth/me/", nil)
	server.Must(http.StatusOK, bob.Access, "GET", "/api/auth/me/", nil)
	if old, changed := logIn(server, alice, testapp.Password), logIn(server, alice, anotherPassword); old != 401 || changed != 200 {
		t.Errorf("the old password: %d, the new one: %d", old, changed)
	}
	superuser := server.Superuser()
	wantDetails(t, server, superuser, alice, "password reset requested", "password reset")
	wantDetails(t, server, superuser, inactive, "password reset requested")
	select {
	case mail := <-mails:
		t.Errorf("another mail went to %v", mail.Message.To)
	default:
	}
}

func TestPasswordResetsAreFew(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	server.App.OnMailerSend().BindFunc(func(*core.MailerEvent) error { return nil })
	statuses := map[int]int{}
	answers := make(chan int)
	for range 11 {
		go func() {
			answers <- server.Call("", "POST", "/api/auth/password/reset/", map[string]any{"email": "nobody@example.com"}).Status
		}()
	}
	for range 11 {
		statuses[<-answers]++
	}
	if statuses[http.StatusOK] != 10 || statuses[http.StatusTooManyRequests] != 1 {
		t.Errorf("got %v", statuses)
	}
}

// atOnce sends requests at the same time.
func atOnce(requests int, send func(i int) testapp.Response) []testapp.Response {
	answers := make([]testapp.Response, requests)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = send(i) })
	}
	all.Wait()
	return answers
}

// Of several that prove the same password at once, one changes it, and has the only
// session that is left.
func TestPasswordChangesAtOnce(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	changed := 0
	for i, answer := range atOnce(4, func(i int) testapp.Response {
		return server.Call(alice.Access, "POST", "/api/auth/password/change/", map[string]any{"old_password": testapp.Password, "new_password": fmt.Sprint(anotherPassword, i)})
	}) {
		switch answer.Status {
		case http.StatusOK:
			changed++
			var tokens map[string]any
			answer.Decode(server, &tokens)
			server.Must(http.StatusOK, fmt.Sprint(tokens["access"]), "GET", "/api/auth/me/", nil)
			if status := logIn(server, alice, fmt.Sprint(anotherPassword, i)); status != http.StatusOK {
				t.Errorf("the password that was set: %d", status)
			}
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusServiceUnavailable:
		default:
			t.Errorf("got %d %s", answer.Status, answer.Body)
		}
	}
	if changed != 1 {
		t.Errorf("%d requests have changed the password", changed)
	}
}

// What was proved before the credentials changed sets none afterwards, at any door.
func TestOutdatedProofsSetNoPassword(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	proved, err := server.App.FindRecordById("users", alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	tokens := server.Must(http.StatusOK, alice.Access, "POST", "/api/auth/password/change/", map[string]any{"old_password": testapp.Password, "new_password": anotherPassword})
	proved.SetPassword("The-thief5-own")
	if err := server.App.Save(proved); !errors.Is(err, dberror.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if status := logIn(server, alice, anotherPassword); status != http.StatusOK {
		t.Errorf("the password that was set: %d", status)
	}
	server.Must(http.StatusOK, fmt.Sprint(tokens["access"]), "GET", "/api/auth/me/", nil)
}

func TestResetTokensWorkOnce(t *testing.T) {
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	token := server.PasswordResetToken(alice)
	statuses := map[int]int{}
	for _, answer := range atOnce(4, func(i int) testapp.Response {
		return server.Call("", "POST", "/api/auth/password/reset/confirm/", map[string]any{"token": token, "new_password": fmt.Sprint(anotherPassword, i)})
	}) {
		statuses[answer.Status]++
	}
	if statuses[http.StatusOK] != 1 || statuses[http.StatusBadRequest] != 3 {
		t.Errorf("got %v", statuses)
	}
	server.Must(http.StatusUnauthorized, alice.Access, "GET", "/api/auth/me/", nil)
}
