package process

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// routes are the processes that a client connects to, subscribes through, and is signed
// out by.
var routes = [][3]int{{0, 1, 0}, {0, 0, 1}, {0, 1, 1}, {1, 0, 0}, {1, 1, 0}}

// TestASessionEndsRightAfterASubscription ends sessions whose subscriptions the ending
// process has not had a reason to read yet.
func TestASessionEndsRightAfterASubscription(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice := fleet.SignUp("alice")
	for i, route := range append(routes, routes...) {
		phone := alice
		fleet.SignIn(&phone)
		id, _ := fleet.Call(phone.Access, "GET", "/api/auth/sessions/", nil).List(fleet.Server)[0]["id"].(string)
		ending := fleet.processes[route[2]]
		checkSignOut(t, fleet, route, phone, &alice, i >= len(routes), func() {
			ending.Must(http.StatusNoContent, alice.Access, "DELETE", "/api/auth/sessions/"+id+"/", nil)
		})
	}
}

// TestANewSecretEndsSubscriptions renews what all users' tokens are signed with.
func TestANewSecretEndsSubscriptions(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice, operator := fleet.SignUp("alice"), fleet.operator()
	for _, route := range routes {
		before := alice
		fleet.SignIn(&before)
		ending := fleet.processes[route[2]]
		checkSignOut(t, fleet, route, before, &alice, true, func() {
			ending.Must(http.StatusOK, operator, "PATCH", "/api/collections/users", map[string]any{"authToken": map[string]any{"secret": "new"}})
			for _, process := range fleet.processes {
				testapp.Eventually(t, 10*time.Second, "the new secret", func() bool {
					process.SignIn(&alice)
					return process.Call(alice.Access, "GET", "/api/patients/", nil).Status == http.StatusOK
				})
			}
		})
	}
}

// TestAnImpersonationEndsInAllProcesses deletes superusers who have subscribed as a user.
func TestAnImpersonationEndsInAllProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice, operator := fleet.SignUp("alice"), fleet.operator()
	const superusers = "/api/collections/_superusers/"
	for i, route := range append(routes, routes...) {
		email := fmt.Sprintf("former%d@example.com", i)
		created := fleet.Must(http.StatusOK, operator, "POST", superusers+"records", map[string]any{"email": email, "password": testapp.Password, "passwordConfirm": testapp.Password})
		signedIn := fleet.Must(http.StatusOK, "", "POST", superusers+"auth-with-password", map[string]any{"identity": email, "password": testapp.Password})
		impersonated := fleet.Must(http.StatusOK, fmt.Sprint(signedIn["token"]), "POST", "/api/collections/users/impersonate/"+alice.ID, map[string]any{})
		before := alice
		before.Access = fmt.Sprint(impersonated["token"])
		ending := fleet.processes[route[2]]
		checkSignOut(t, fleet, route, before, &alice, i >= len(routes), func() {
			ending.Must(http.StatusNoContent, operator, "DELETE", superusers+"records/"+fmt.Sprint(created["id"]), nil)
			for _, process := range fleet.processes {
				if got := process.Call(before.Access, "GET", "/api/patients/", nil); got.Status != http.StatusUnauthorized {
					t.Errorf("route %v: got %d %s", route, got.Status, got.Body)
				}
			}
		})
	}
}

// TestAStoredSignInNeedsItsSession has a subscription stored after its session has ended,
// as if the process that stored it did not come to look again.
func TestAStoredSignInNeedsItsSession(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice := fleet.SignUp("alice")
	before := alice
	fleet.SignIn(&before)
	subscriber, witness := fleet.processes[0].Connect(), fleet.processes[0].Connect()
	subscribe(t, subscriber, before, "patients/*")
	subscribe(t, witness, alice, "patients/*")
	id, _ := fleet.Call(before.Access, "GET", "/api/auth/sessions/", nil).List(fleet.Server)[0]["id"].(string)
	if ended := query[int](fleet, "WITH ended AS (DELETE FROM data.sessions WHERE id = $1 RETURNING id) SELECT count(*)::int FROM ended", id); ended != 1 {
		t.Fatalf("%d sessions ended", ended)
	}
	query[int](fleet, `WITH next AS (UPDATE cluster.counter SET version = version + 1 RETURNING version),
		stored AS (UPDATE cluster.clients SET version = next.version FROM next WHERE id = $1 RETURNING id) SELECT count(*)::int FROM stored`, subscriber.ClientID())
	for _, process := range fleet.processes {
		expect(t, []*testapp.Subscriber{witness}, "create", process.Patient(alice, "Secret"))
	}
	subscribe(t, subscriber, alice, "patients/*")
	expect(t, []*testapp.Subscriber{subscriber, witness}, "create", fleet.Patient(alice, "After"))
}

// checkSignOut ends what a client has just subscribed with, and checks that it is told
// and sent nothing before it has signed in with something else. An event before has the
// client's process, and no other one, know the subscription.
func checkSignOut(t *testing.T, fleet *fleet, route [3]int, before testapp.User, after *testapp.User, hasEvent bool, end func()) {
	t.Helper()
	connecting, subscribing := fleet.processes[route[0]], fleet.processes[route[1]]
	subscriber := connecting.Connect()
	subscribe(t, subscriber.Through(subscribing.Server), before, "patients/*")
	if hasEvent {
		expect(t, []*testapp.Subscriber{subscriber}, "create", connecting.Patient(before, "Before"))
	}
	end()
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("route %v: got %+v", route, event)
	}
	// What another client of the process has received has been there for this one.
	witness := connecting.Connect()
	subscribe(t, witness, *after, "patients/*")
	for _, process := range fleet.processes {
		expect(t, []*testapp.Subscriber{witness}, "create", process.Patient(*after, "Secret"))
	}
	witness.End()
	subscribe(t, subscriber.Through(subscribing.Server), *after, "patients/*")
	expect(t, []*testapp.Subscriber{subscriber}, "create", subscribing.Patient(*after, "After"))
	subscriber.End()
}
