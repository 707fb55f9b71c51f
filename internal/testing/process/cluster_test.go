package process

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	together, alone := newFleet(t, 4), newFleet(t, 1)
	const migrations = "SELECT string_agg(file, ',' ORDER BY file) FROM data._migrations"
	if got, want := query[string](together, migrations), query[string](alone, migrations); got != want {
		t.Errorf("got the migrations %s, want %s", got, want)
	}
	const collections = "SELECT string_agg(name, ',' ORDER BY name) FROM data._collections"
	if got, want := query[string](together, collections), query[string](alone, collections); got != want {
		t.Errorf("got the collections %s, want %s", got, want)
	}
	if got := query[int](together, "SELECT count(*) FROM data._superusers WHERE email = $1", superuserEmail); got != 1 {
		t.Errorf("got %d superusers", got)
	}
	user := together.SignUp("alice")
	for _, process := range together.processes {
		process.Patient(user, "Patient")
	}
}

// A busy machine makes some changes late, so the promptest of a few rounds counts.
func TestProcessesSeeCollectionsAndSettings(t *testing.T) {
	fleet := newFleet(t, 2)
	operator := fleet.operator()
	var took time.Duration
	for round := range 5 {
		if took = fleet.seeChanges(operator, fmt.Sprint("Ward ", round)); took <= time.Second {
			return
		}
	}
	t.Errorf("even in the last round, a change was seen after %s", took)
}

// seeChanges changes collections and settings in one process, awaits each
// change in the other, and returns how long the slowest was on its way.
func (f *fleet) seeChanges(operator, name string) (slowest time.Duration) {
	writer, reader := f.processes[0], f.processes[1]
	records := func(status int) func() bool {
		return func() bool {
			return reader.Call("", "GET", "/api/collections/notices/records", nil).Status == status
		}
	}
	for _, change := range []struct {
		method, path string
		body         any
		status       int
		seen         func() bool
	}{
		{"POST", "/api/collections", map[string]any{"name": "notices", "type": "base", "listRule": nil}, http.StatusOK, records(http.StatusForbidden)},
		{"PATCH", "/api/collections/notices", map[string]any{"listRule": ""}, http.StatusOK, records(http.StatusOK)},
		{"PATCH", "/api/settings", map[string]any{"meta": map[string]any{"appName": name}}, http.StatusOK, func() bool {
			return strings.Contains(reader.Call(operator, "GET", "/api/settings", nil).Body, name)
		}},
		{"DELETE", "/api/collections/notices", nil, http.StatusNoContent, records(http.StatusNotFound)},
	} {
		writer.Must(change.status, operator, change.method, change.path, change.body)
		changed := time.Now()
		testapp.Eventually(f, 20*time.Second, change.method+" "+change.path+" in another process", change.seen)
		slowest = max(slowest, time.Since(changed))
	}
	return slowest
}

func TestProcessesRefuseWhatOneRevoked(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	one, other := fleet.processes[0], fleet.processes[1]
	user := one.SignUp("alice")
	refresh := func(process *process, token string) int {
		return process.Call("", "POST", "/api/auth/token/refresh/", map[string]any{"refresh": token}).Status
	}
	if status := refresh(one, user.Refresh); status != http.StatusOK {
		t.Fatalf("a refresh token: got %d", status)
	}
	blacklisted := one.SignUp("bob")
	if answer := other.Call("", "POST", "/api/token/blacklist/", map[string]any{"refresh": blacklisted.Refresh}); answer.Status != http.StatusOK {
		t.Fatalf("a token to be blacklisted: got %d %s", answer.Status, answer.Body)
	}
	if status := refresh(one, blacklisted.Refresh); status != http.StatusUnauthorized {
		t.Errorf("a blacklisted refresh token: got %d", status)
	}
	changed := other.Call(user.Access, "PATCH", "/api/collections/users/records/"+user.ID,
		map[string]any{"oldPassword": testapp.Password, "password": "An0ther-one!", "passwordConfirm": "An0ther-one!"})
	if changed.Status != http.StatusOK {
		t.Fatalf("a new password: got %d %s", changed.Status, changed.Body)
	}
	for _, process := range fleet.processes {
		if status := process.Call(user.Access, "GET", "/api/patients/", nil).Status; status != http.StatusUnauthorized {
			t.Errorf("an access token from before a new password: got %d", status)
		}
		if status := refresh(process, user.Refresh); status != http.StatusUnauthorized {
			t.Errorf("a refresh token from before a new password: got %d", status)
		}
	}
}

func TestRealtimeAcrossProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice, bob := fleet.SignUp("alice"), fleet.SignUp("bob")
	var hers, his []*testapp.Subscriber
	for _, process := range fleet.processes {
		// A subscription may go through another process than its connection.
		for _, server := range []*testapp.Server{process.Server, fleet.Server, fleet.Server} {
			mine := server.Connect()
			subscribe(t, mine, alice, "patients/*")
			foreign := server.Connect()
			subscribe(t, foreign, bob, "patients/*")
			hers, his = append(hers, mine), append(his, foreign)
		}
	}
	for range 5 {
		for _, process := range fleet.processes {
			notes := strings.Repeat("long ", 1800) // more than a notification can hold
			id := process.Create(alice, "patients", map[string]any{"name": "Patient", "age": 34, "notes": notes})
			expect(t, hers, "create", id)
			fleet.Must(http.StatusOK, alice.Access, "PATCH", "/api/patients/"+id+"/", map[string]any{"name": "Renamed"})
			expect(t, hers, "update", id)
			process.Call(alice.Access, "DELETE", "/api/patients/"+id+"/", nil)
			expect(t, hers, "delete", id)
		}
	}
	id := fleet.Patient(bob, "Only his")
	expect(t, his, "create", id)
}

func TestASubscriptionCountsOnceItIsAcknowledged(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice := fleet.SignUp("alice")
	for i := range 20 {
		here, there := fleet.processes[i%2], fleet.processes[(i+1)%2]
		subscriber := here.Connect()
		subscribe(t, subscriber, alice, "patients/*")
		expect(t, []*testapp.Subscriber{subscriber}, "create", there.Patient(alice, "Patient"))
	}
}

func TestRealtimeEndsWithThePasswordInAllProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 3)
	changer := fleet.processes[1]
	for _, process := range fleet.processes {
		user := process.SignUp("user" + process.URL[len(process.URL)-4:])
		subscriber := process.Connect()
		subscribe(t, subscriber, user, "patients/*")
		expect(t, []*testapp.Subscriber{subscriber}, "create", changer.Patient(user, "Before"))
		operator := fleet.operator()
		changer.Must(http.StatusOK, operator, "PATCH", "/api/collections/users/records/"+user.ID,
			map[string]any{"password": "An0ther-one!", "passwordConfirm": "An0ther-one!"})
		signedIn := fleet.Must(http.StatusOK, "", "POST", "/api/collections/users/auth-with-password",
			map[string]any{"identity": user.Email, "password": "An0ther-one!"})
		user.Access, _ = signedIn["token"].(string)
		// What another client of the process has received has been there for this one.
		witness := process.Connect()
		subscribe(t, witness, user, "patients/*")
		for _, writer := range fleet.processes {
			expect(t, []*testapp.Subscriber{witness}, "create", writer.Patient(user, "Secret"))
		}
		// The same client may sign in again, and what it missed stays missed.
		subscribe(t, subscriber, user, "patients/*")
		expect(t, []*testapp.Subscriber{subscriber}, "create", changer.Patient(user, "After"))
	}
}

func TestADeadProcessLeavesNothing(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice := fleet.SignUp("alice")
	dead, alive := fleet.processes[0], fleet.processes[1]
	subscribe(t, dead.Connect(), alice, "patients/*")
	subscriber := alive.Connect()
	subscribe(t, subscriber, alice, "patients/*")
	dead.kill(t)
	expect(t, []*testapp.Subscriber{subscriber}, "create", alive.Patient(alice, "Meanwhile"))
	testapp.Eventually(t, 20*time.Second, "the dead process is forgotten", func() bool {
		return query[int](fleet, "SELECT (SELECT count(*) FROM cluster.processes) * 100 + (SELECT count(*) FROM cluster.clients WHERE NOT gone) * 10 + (SELECT count(*) FROM cluster.messages)") == 110
	})
	// What it had written, but told nobody of, is unknown.
	if event := subscriber.Next(); event.Topic != "@gap" {
		t.Errorf("got %+v", event)
	}
	expect(t, []*testapp.Subscriber{subscriber}, "create", alive.Patient(alice, "After"))
}

func TestNothingIsMissedWhenConnectionsAreLost(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice := fleet.SignUp("alice")
	operator := fleet.operator()
	fleet.processes[0].Must(http.StatusOK, operator, "POST", "/api/collections", map[string]any{"name": "notices", "type": "base"})
	var subscribers []*testapp.Subscriber
	for _, process := range fleet.processes {
		subscriber := process.Connect()
		subscribe(t, subscriber, alice, "patients/*")
		subscribers = append(subscribers, subscriber)
	}
	for i, change := range []struct {
		rule   any
		status int
	}{{"", http.StatusOK}, {nil, http.StatusForbidden}, {"", http.StatusOK}} {
		// What is committed with the end of the connections cannot be notified.
		lost := query[int](fleet, `WITH
			lost AS MATERIALIZED (SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS count FROM pg_stat_activity
				WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query LIKE '%cluster.%') AND pid <> pg_backend_pid()),
			changed AS (UPDATE data._collections SET "listRule" = $1 WHERE name = 'notices' AND (SELECT count FROM lost) > 0),
			missed AS (INSERT INTO cluster.messages (receiver, client, auth_key, name, data)
				SELECT process, id, auth_key, 'patients/*', '{"action":"create","record":{"id":"missed"}}'::bytea FROM cluster.clients, lost WHERE NOT gone)
			SELECT count FROM lost`, change.rule)
		if lost < 4 {
			t.Fatalf("only %d connections were there to be lost", lost)
		}
		expect(t, subscribers, "create", "missed")
		for _, process := range fleet.processes {
			testapp.Eventually(t, 10*time.Second, "a rule that was changed meanwhile", func() bool {
				return process.Call("", "GET", "/api/collections/notices/records", nil).Status == change.status
			})
		}
		expect(t, subscribers, "create", fleet.processes[i%2].Patient(alice, "Patient"))
	}
}

func TestAProcessThatWasTakenForDeadComesBack(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice := fleet.SignUp("alice")
	subscribe(t, fleet.processes[0].Connect(), alice, "patients/*")
	if got := query[int](fleet, `WITH dead AS (DELETE FROM cluster.processes RETURNING id),
		gone AS (UPDATE cluster.clients SET gone = true, version = (SELECT version FROM cluster.counter) RETURNING id)
		SELECT (SELECT count(*) FROM dead) * 10 + (SELECT count(*) FROM gone)`); got != 21 {
		t.Fatalf("got %d processes and clients", got)
	}
	testapp.Eventually(t, 10*time.Second, "the processes are members again", func() bool {
		return query[int](fleet, "SELECT count(*) FROM cluster.processes") == 2
	})
	subscriber := fleet.processes[0].Connect()
	subscribe(t, subscriber, alice, "patients/*")
	expect(t, []*testapp.Subscriber{subscriber}, "create", fleet.processes[1].Patient(alice, "Patient"))
}

func subscribe(t *testing.T, subscriber *testapp.Subscriber, user testapp.User, topics ...string) {
	t.Helper()
	if answer := subscriber.Subscribe(user.Access, topics...); answer.Status != http.StatusNoContent {
		t.Fatalf("a subscription: got %d %s", answer.Status, answer.Body)
	}
}

// expect reads the next event of each subscriber. Since it is the very next one,
// nothing came twice before it and nothing that was not for them. The end of a
// session is told to those that can be reached, which may not be all.
func expect(t *testing.T, subscribers []*testapp.Subscriber, action, id string) {
	t.Helper()
	for i, subscriber := range subscribers {
		event := subscriber.Next()
		for event.IsNotice() {
			event = subscriber.Next()
		}
		if !event.Is(action, id) {
			t.Fatalf("subscriber %d of %d got %s of %v, want %s of %s", i, len(subscribers), event.Action, event.Record["id"], action, id)
		}
	}
}

func TestASessionEndsInAllProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	one, other := fleet.processes[0], fleet.processes[1]
	alice := one.SignUp("alice")
	phone := alice
	other.SignIn(&phone)
	// Of both clients, connection and subscription go through different processes.
	hers, lost := one.Connect(), one.Connect()
	for subscriber, token := range map[*testapp.Subscriber]string{hers: alice.Access, lost: phone.Access} {
		if answer := subscriber.Through(other.Server).Subscribe(token, "patients/*"); answer.Status != http.StatusNoContent {
			t.Fatalf("a subscription: got %d %s", answer.Status, answer.Body)
		}
	}
	expect(t, []*testapp.Subscriber{hers, lost}, "create", other.Patient(alice, "Before"))
	id := one.Call(alice.Access, "GET", "/api/auth/sessions/", nil).List(one.Server)[0]["id"].(string)
	if status := other.Call(alice.Access, "DELETE", "/api/auth/sessions/"+id+"/", nil).Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	for _, process := range fleet.processes {
		for _, path := range []string{"/api/patients/", "/api/collections/patients/records"} {
			if status := process.Call(phone.Access, "GET", path, nil).Status; status != http.StatusUnauthorized {
				t.Errorf("%s in an ended session: got %d", path, status)
			}
			if status := process.Call(alice.Access, "GET", path, nil).Status; status != http.StatusOK {
				t.Errorf("%s in a living session: got %d", path, status)
			}
		}
		if status := process.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": phone.Refresh}).Status; status != http.StatusUnauthorized {
			t.Errorf("a refresh in an ended session: got %d", status)
		}
		expect(t, []*testapp.Subscriber{hers}, "create", process.Patient(alice, "Secret"))
	}
	if answer := lost.Through(other.Server).Subscribe(alice.Access, "patients/*"); answer.Status != http.StatusNoContent {
		t.Fatalf("the same client in a living session: got %d %s", answer.Status, answer.Body)
	}
	expect(t, []*testapp.Subscriber{hers, lost}, "create", one.Patient(alice, "After"))
	one.Must(http.StatusOK, alice.Access, "POST", "/api/auth/logout/all/", nil)
	for _, process := range fleet.processes {
		if status := process.Call(alice.Access, "GET", "/api/patients/", nil).Status; status != http.StatusUnauthorized {
			t.Errorf("after the end of all sessions: got %d", status)
		}
	}
}

func TestADeletedAccountIsHiddenInAllProcesses(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, 2)
	alice, bob := fleet.SignUp("alice"), fleet.SignUp("bob")
	query[int](fleet, `WITH stored AS (INSERT INTO data.doctors (id, created_by, created_at, name, speciality)
		SELECT (100000 + n)::text, $1, '2026-01-02 03:04:05.678Z', 'Doctor', '' FROM generate_series(1, 5000) AS n RETURNING 1) SELECT count(*)::int FROM stored`, alice.ID)
	closing, reading := fleet.processes[0], fleet.processes[1]
	doctors := func() float64 {
		return reading.Must(http.StatusOK, bob.Access, "GET", "/api/doctors/?page=1", nil)["count"].(float64)
	}
	if found := doctors(); found != 5000 {
		t.Fatalf("got %v doctors", found)
	}
	superuser := closing.Must(http.StatusOK, "", "POST", "/api/collections/_superusers/auth-with-password", map[string]any{"identity": superuserEmail, "password": testapp.Password})["token"].(string)
	closing.Must(http.StatusOK, superuser, "POST", "/api/collections", map[string]any{"name": "doctors_by_owner", "type": "view", "viewQuery": "SELECT created_by AS id, count(*) AS number FROM doctors GROUP BY created_by"})
	owners := func() string { return reading.Call(superuser, "GET", testapp.Records("doctors_by_owner"), nil).Body }
	testapp.Eventually(t, 10*time.Second, "the other process knows the view", func() bool { return strings.Contains(owners(), `"number":5000`) })
	closing.Must(http.StatusNoContent, alice.Access, "DELETE", testapp.Records("users")+"/"+alice.ID, nil)
	if found := doctors(); found != 0 {
		t.Errorf("the other process shows %v doctors", found)
	}
	if found := owners(); !strings.Contains(found, `"totalItems":0`) {
		t.Errorf("a view of the other process shows %s", found)
	}
}
