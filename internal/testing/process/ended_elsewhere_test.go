package process

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

const otherPassword = "Quite-Another-1"

// TestCommandsEndSubscriptions runs commands beside servers. The clients have subscribed
// through another process than they are connected to, where there is one.
func TestCommandsEndSubscriptions(t *testing.T) {
	t.Parallel()
	superuser := []string{"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		directory := migrated(t)
		server := serve(t, directory, superuser)
		checkCommands(t, server.Server, server.Server, directory, nil)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		fleet := newFleet(t, 2)
		checkCommands(t, fleet.processes[0].Server, fleet.processes[1].Server, t.TempDir(), []string{"DATABASE_URL=" + fleet.database.URL})
	})
}

func checkCommands(t *testing.T, connecting, subscribing *testapp.Server, directory string, environment []string) {
	alice, bob := subscribing.SignUp("alice"), subscribing.SignUp("bob")
	alices, operators := connecting.Connect(), connecting.Connect()
	subscribe(t, alices.Through(subscribing), alice, "patients/*")
	subscribe(t, operators.Through(subscribing), testapp.User{Access: superuserToken(subscribing, testapp.Password)}, "patients/*")
	expect(t, []*testapp.Subscriber{operators, alices}, "create", subscribing.Patient(alice, "Before"))

	changing := command(t, directory, environment, "changepassword", alice.Email)
	changing.Stdin = strings.NewReader(otherPassword + "\n" + otherPassword + "\n")
	if said, err := output(changing); err != nil {
		t.Fatalf("%v %s", err, said)
	}
	if event := alices.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("after a new password: got %+v", event)
	}
	signedIn := subscribing.Must(http.StatusOK, "", "POST", "/api/auth/login/", map[string]any{"email": alice.Email, "password": otherPassword})
	alice.Access, _ = signedIn["access"].(string)
	expect(t, []*testapp.Subscriber{operators}, "create", subscribing.Patient(alice, "Secret"))
	subscribe(t, alices.Through(subscribing), alice, "patients/*")
	expect(t, []*testapp.Subscriber{operators, alices}, "create", subscribing.Patient(alice, "After"))

	succeeds(t, directory, environment, "superuser", "update", superuserEmail, otherPassword)
	if event := operators.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("after a superuser's new password: got %+v", event)
	}
	subscribing.Patient(bob, "Secret")
	subscribe(t, operators.Through(subscribing), testapp.User{Access: superuserToken(subscribing, otherPassword)}, "patients/*")
	expect(t, []*testapp.Subscriber{operators}, "create", subscribing.Patient(bob, "After"))
	succeeds(t, directory, environment, "superuser", "upsert", "other@example.com", otherPassword)
	succeeds(t, directory, environment, "superuser", "delete", superuserEmail)
	if event := operators.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("after the end of the superuser: got %+v", event)
	}
	expect(t, []*testapp.Subscriber{alices}, "create", subscribing.Patient(alice, "Last"))
}

func superuserToken(server *testapp.Server, password string) string {
	server.Helper()
	signedIn := server.Must(http.StatusOK, "", "POST", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": superuserEmail, "password": password})
	token, _ := signedIn["token"].(string)
	return token
}

// TestASecondServerEndsSubscriptions ends what clients of the first server have subscribed
// with.
func TestASecondServerEndsSubscriptions(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	first := serve(t, directory, []string{"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password})
	second := serve(t, directory, nil)
	operator := superuserToken(second.Server, testapp.Password)
	witness := first.Connect()
	subscribe(t, witness, testapp.User{Access: operator}, "patients/*")
	for name, end := range map[string]func(testapp.User){
		"a session": func(user testapp.User) {
			id, _ := second.Call(user.Access, "GET", "/api/auth/sessions/", nil).List(second.Server)[0]["id"].(string)
			second.Must(http.StatusNoContent, user.Access, "DELETE", "/api/auth/sessions/"+id+"/", nil)
		},
		"a password": func(user testapp.User) {
			second.Must(http.StatusOK, operator, "PATCH", testapp.Records("users")+"/"+user.ID, map[string]any{"password": otherPassword, "passwordConfirm": otherPassword})
		},
		"an inactive user": func(user testapp.User) {
			second.Must(http.StatusOK, operator, "PATCH", testapp.Records("users")+"/"+user.ID, map[string]any{"inactive": true})
		},
		"an account": func(user testapp.User) {
			second.Must(http.StatusNoContent, operator, "DELETE", testapp.Records("users")+"/"+user.ID, nil)
		},
		"the users' secret": func(testapp.User) {
			second.Must(http.StatusOK, operator, "PATCH", "/api/collections/users", map[string]any{"authToken": map[string]any{"secret": strings.Repeat("new", 11)}})
		},
	} {
		address := strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), "'", "")
		user, other := first.SignUp(address), first.SignUp("other-"+address)
		subscriber := first.Connect()
		subscribe(t, subscriber, user, "patients/*")
		end(user)
		if event := subscriber.Next(); event.Topic != "@sessionEnded" {
			t.Errorf("after the end of %s: got %+v", name, event)
		}
		testapp.Eventually(t, 10*time.Second, "the first server knows the secret", func() bool {
			first.SignIn(&other)
			return second.Call(other.Access, "GET", "/api/patients/", nil).Status == http.StatusOK
		})
		expect(t, []*testapp.Subscriber{witness}, "create", first.Patient(other, "Secret"))
		subscribe(t, subscriber, other, "patients/*")
		expect(t, []*testapp.Subscriber{witness, subscriber}, "create", first.Patient(other, "After"))
		subscriber.End()
	}
}
