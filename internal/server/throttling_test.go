package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"

	"carebase/internal/collections"
)

// loginDoors are where a password can be tried, by name.
func loginDoors(server *testapp.Server, from string) map[string]func(email, password string) testapp.Response {
	call := func(path string, body map[string]any) testapp.Response {
		return server.Do(testapp.Request{Method: "POST", Path: path, Body: body, Header: map[string]string{"X-Forwarded-For": from}})
	}
	return map[string]func(email, password string) testapp.Response{
		"documented": func(email, password string) testapp.Response {
			return call("/api/auth/login/", map[string]any{"email": email, "password": password})
		},
		"token": func(email, password string) testapp.Response {
			return call("/api/token", map[string]any{"email": email, "password": password})
		},
		"native": func(email, password string) testapp.Response {
			return call("/api/collections/users/auth-with-password", map[string]any{"identity": email, "password": password})
		},
		"superuser": func(email, password string) testapp.Response {
			return call("/api/collections/_superusers/auth-with-password", map[string]any{"identity": email, "password": password})
		},
	}
}

// behindProxy is a server that believes the tests about their addresses.
func behindProxy(t *testing.T, options ...func(*config.Config)) *testapp.Server {
	t.Helper()
	return testapp.New(t, append(options, func(config *config.Config) {
		config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})...)
}

// failedBefore makes all logins that have failed so long ago, or in the future,
// so that a slow test does not wait them out.
func failedBefore(server *testapp.Server, ago time.Duration) {
	server.Helper()
	at := time.Now().Add(-ago).UTC().Format(types.DefaultDateLayout)
	_, err := server.App.NonconcurrentDB().Update(collections.LoginAttempts, dbx.Params{"last_failure_at": at}, dbx.NewExp("[[failures]] > 0")).Execute()
	if err != nil {
		server.Fatal(err)
	}
}

func wantThrottled(t *testing.T, name string, response testapp.Response, atLeast int) {
	t.Helper()
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if response.Status != http.StatusTooManyRequests || err != nil || seconds < atLeast || seconds > 400 {
		t.Errorf("%s: got %d %s, Retry-After %q, want a wait of %d s at least", name, response.Status, response.Body, response.Header.Get("Retry-After"), atLeast)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	server := behindProxy(t)
	server.SignUp("alice")
	server.Superuser()
	const stranger, other = "203.0.113.1", "203.0.113.2"
	for name, emails := range map[string][]string{
		"documented": {"alice@example.com", "nobody@example.com"},
		"superuser":  {"operator@example.com", "nobody.at.all@example.com"},
	} {
		for _, email := range emails {
			for i := range 6 {
				response := loginDoors(server, stranger)[name](email, fmt.Sprint("guess", i))
				if response.Status == http.StatusTooManyRequests {
					t.Fatalf("%s, %s: failure %d got %s", name, email, i, response.Body)
				}
			}
			failedBefore(server, -time.Minute)
			response := loginDoors(server, other)[name](email, testapp.Password)
			wantThrottled(t, name+", "+email, response, 1)
			shape := `{"data":{},"message":"Too many requests. Try again in`
			if name == "documented" {
				shape = `{"detail":"Request was throttled. Expected available in`
			}
			if !strings.HasPrefix(response.Body, shape) {
				t.Errorf("%s: got %s", name, response.Body)
			}
		}
	}
	// What was counted at one door counts at the others.
	wantThrottled(t, "token", loginDoors(server, other)["token"]("ALICE@example.com", testapp.Password), 1)
	wantThrottled(t, "native", loginDoors(server, other)["native"]("alice@EXAMPLE.com", testapp.Password), 1)
	// Where alice has been before, no stranger can do anything to her.
	if response := loginDoors(server, "127.0.0.1")["documented"]("alice@example.com", testapp.Password); response.Status != 200 {
		t.Errorf("alice at home: got %d %s", response.Status, response.Body)
	}
	// Each further failure doubles the wait, up to a limit.
	for range 12 {
		failedBefore(server, 6*time.Minute)
		if response := loginDoors(server, stranger)["documented"]("alice@example.com", "guess"); response.Status != 401 {
			t.Fatalf("after the wait: got %d %s", response.Status, response.Body)
		}
	}
	failedBefore(server, 0)
	wantThrottled(t, "the longest wait", loginDoors(server, stranger)["documented"]("alice@example.com", "guess"), 290)

	// Then she gets in from a new address too, and has all attempts again.
	failedBefore(server, 6*time.Minute)
	for range 2 {
		if response := loginDoors(server, other)["documented"]("alice@example.com", testapp.Password); response.Status != 200 {
			t.Fatalf("alice elsewhere: got %d %s", response.Status, response.Body)
		}
		for range 5 {
			if response := loginDoors(server, other)["native"]("alice@example.com", "mistyped"); response.Status != 400 {
				t.Fatalf("got %d %s", response.Status, response.Body)
			}
		}
	}
}

func TestANewPasswordLiftsTheWait(t *testing.T) {
	server := behindProxy(t)
	alice := server.SignUp("alice")
	for range 6 {
		loginDoors(server, "203.0.113.1")["documented"](alice.Email, "guess")
	}
	failedBefore(server, -time.Minute)
	wantThrottled(t, "before", loginDoors(server, "203.0.113.2")["documented"](alice.Email, testapp.Password), 1)
	server.Must(204, "", "POST", "/api/collections/users/confirm-password-reset",
		map[string]any{"token": server.PasswordResetToken(alice), "password": "An0ther-one!", "passwordConfirm": "An0ther-one!"})
	if response := loginDoors(server, "203.0.113.2")["documented"](alice.Email, "An0ther-one!"); response.Status != 200 {
		t.Errorf("after: got %d %s", response.Status, response.Body)
	}
}

func TestParallelGuessesCountOneByOne(t *testing.T) {
	server := behindProxy(t)
	server.SignUp("alice")
	var done sync.WaitGroup
	var mutex sync.Mutex
	statuses := map[int]int{}
	for i := range 30 {
		done.Go(func() {
			response := loginDoors(server, fmt.Sprint("203.0.113.", i))["native"]("alice@example.com", "guess")
			mutex.Lock()
			defer mutex.Unlock()
			statuses[response.Status]++
		})
	}
	done.Wait()
	// A second may pass meanwhile, and admit another.
	if statuses[400] < 6 || statuses[400] > 8 || statuses[400]+statuses[429] != 30 {
		t.Errorf("got %v", statuses)
	}
}

func TestGuessingTheOldPassword(t *testing.T) {
	c := testapp.NewClinic(t)
	change := func(old string) testapp.Response {
		return c.Call(c.Alice.Access, "PATCH", testapp.Records("users")+"/"+c.Alice.ID,
			map[string]any{"oldPassword": old, "password": "An0ther-one!", "passwordConfirm": "An0ther-one!"})
	}
	for range 3 {
		c.Want(change("guess"), 400)
		c.Want(c.Batch(c.Alice.Access, "PATCH", testapp.Records("users")+"/"+c.Alice.ID,
			map[string]any{"oldPassword": "guess", "password": "An0ther-one!", "passwordConfirm": "An0ther-one!"}), 400)
	}
	failedBefore(c.Server, -time.Minute)
	wantThrottled(t, "the right one", change(testapp.Password), 1)
}

func TestGuessingAOneTimePassword(t *testing.T) {
	server := behindProxy(t)
	alice := server.SignUp("alice")
	users, err := server.App.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	users.OTP.Enabled = true
	if err := server.App.Save(users); err != nil {
		t.Fatal(err)
	}
	// An OTP whose mail cannot be sent is deleted.
	server.App.OnMailerSend().BindFunc(func(*core.MailerEvent) error { return nil })
	otp := server.Must(200, "", "POST", "/api/collections/users/request-otp", map[string]any{"email": alice.Email})["otpId"]
	for _, id := range []any{otp, "unknown"} {
		for i := range 7 {
			response := server.Call("", "POST", "/api/collections/users/auth-with-otp", map[string]any{"otpId": id, "password": "00000000"})
			if i == 5 {
				failedBefore(server, -time.Minute)
			}
			if i < 5 && response.Status != 400 || i == 6 && response.Status != 429 {
				t.Errorf("guess %d of %v: got %d %s", i, id, response.Status, response.Body)
			}
		}
	}
	// The account is the same as at the other doors.
	failedBefore(server, -time.Minute)
	wantThrottled(t, "with the password", loginDoors(server, "127.0.0.1")["documented"](alice.Email, testapp.Password), 1)
}

func TestLimitsByAddress(t *testing.T) {
	server := behindProxy(t, func(settings *config.Config) {
		rate := func(requests int) config.Rate { return config.Rate{Requests: requests, Period: time.Hour} }
		settings.Throttle = &config.Throttle{Login: rate(8), FailedLogin: rate(3), Register: rate(4), User: rate(100)}
	})
	from := func(address, method, path string, body any) testapp.Response {
		return server.Do(testapp.Request{Method: method, Path: path, Body: body, Header: map[string]string{"X-Forwarded-For": address}})
	}
	register := func(address, name string) int {
		path := []string{"/api/auth/register/", "/api/auth/register", testapp.Records("users")}[len(name)%3]
		return from(address, "POST", path, map[string]any{
			"name": "User", "email": name + "@example.com", "password": testapp.Password, "passwordConfirm": testapp.Password}).Status
	}
	statuses := []int{register("2001:db8:0:1::1", "a"), register("2001:db8:0:1::2", "bb"), register("2001:db8:0:1:ffff::3", "ccc"),
		register("2001:db8:0:1::4", "dddd"), register("2001:db8:0:1::5", "eeeee"), register("2001:db8:0:2::5", "ffffff")}
	statuses = slices.Compact(statuses)
	for i, status := range statuses {
		if status == 200 {
			statuses[i] = 201
		}
	}
	if got := slices.Compact(statuses); !slices.Equal(got, []int{201, 429, 201}) {
		t.Errorf("registrations: got %v", got)
	}
	for name, body := range map[string]any{"/api/auth/login/": map[string]any{"email": "a@example.com", "password": testapp.Password},
		"/api/collections/users/auth-with-password": map[string]any{"identity": "a@example.com", "password": testapp.Password}} {
		for range 4 {
			if response := from("203.0.113.1", "POST", name, body); response.Status != 200 {
				t.Errorf("%s: got %d %s", name, response.Status, response.Body)
			}
		}
	}
	for _, path := range []string{"/api/auth/login/", "/api/token", "/api/token/refresh/", "/api/auth/token/refresh"} {
		if response := from("203.0.113.1", "POST", path, map[string]any{}); response.Status != 429 || !strings.HasPrefix(response.Body, `{"detail":"Request was throttled.`) || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s", path, response.Status, response.Body)
		}
	}
	for _, collection := range []string{"users", "_superusers"} {
		for _, door := range []string{"auth-with-password", "auth-with-otp", "auth-with-oauth2", "auth-refresh", "request-otp", "request-password-reset",
			"confirm-password-reset", "request-verification", "confirm-verification", "request-email-change", "confirm-email-change", "impersonate/x"} {
			response := from("203.0.113.1", "POST", "/api/collections/"+collection+"/"+door, map[string]any{})
			if response.Status != 429 || response.Header.Get("Retry-After") == "" || !strings.Contains(response.Body, `"status":429`) {
				t.Errorf("%s of %s: got %d %s", door, collection, response.Status, response.Body)
			}
		}
	}
	// Failures have a limit of their own, over all accounts.
	for i := range 4 {
		response := from("203.0.113.2", "POST", "/api/auth/login/", map[string]any{"email": fmt.Sprint(i, "@example.com"), "password": "guess"})
		if (response.Status == 429) != (i == 3) {
			t.Errorf("failure %d: got %d %s", i, response.Status, response.Body)
		}
	}
}

func TestLimitByUser(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) {
		limits := *settings.Throttle
		limits.User = config.Rate{Requests: 40, Period: time.Hour}
		settings.Throttle = &limits
	})
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	superuser := server.Superuser()
	for i := range 20 {
		for _, path := range []string{"/api/patients/", testapp.Records("patients")} {
			if status := server.Call(alice.Access, "GET", path, nil).Status; status != 200 {
				t.Fatalf("request %d: got %d", i, status)
			}
			if status := server.Call(superuser, "GET", testapp.Records("patients"), nil).Status; status != 200 {
				t.Fatalf("request %d of a superuser: got %d", i, status)
			}
		}
	}
	documented, native := server.Call(alice.Access, "GET", "/api/patients/", nil), server.Call(alice.Access, "GET", testapp.Records("patients"), nil)
	if documented.Status != 429 || !strings.HasPrefix(documented.Body, `{"detail":"Request was throttled. Expected available in `) {
		t.Errorf("got %d %s", documented.Status, documented.Body)
	}
	if native.Status != 429 || native.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", native.Status, native.Body)
	}
	if status := server.Call(bob.Access, "GET", "/api/patients/", nil).Status; status != 200 {
		t.Errorf("bob: got %d", status)
	}
	if status := server.Call("", "GET", "/", nil).Status; status != 200 {
		t.Errorf("a page: got %d", status)
	}
}

func TestNoLimits(t *testing.T) {
	server := testapp.New(t, func(settings *config.Config) { settings.Throttle = nil })
	server.SignUp("alice")
	for range 8 {
		if response := loginDoors(server, "")["documented"]("alice@example.com", "guess"); response.Status != 401 {
			t.Errorf("got %d %s", response.Status, response.Body)
		}
		if response := loginDoors(server, "")["native"]("alice@example.com", "guess"); response.Status != 400 {
			t.Errorf("got %d %s", response.Status, response.Body)
		}
	}
}

// The doors that take an e-mail address answer alike, whether somebody has it or
// not, and take as long.
func TestAnswersDoNotTellWhoHasAnAccount(t *testing.T) {
	server := behindProxy(t)
	if err := testapp.SetPasswordCost(server.App, 0); err != nil {
		t.Fatal(err)
	}
	alice := server.SignUp("alice")
	server.Superuser()
	users, err := server.App.FindCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	users.OTP.Enabled = true
	if err := server.App.Save(users); err != nil {
		t.Fatal(err)
	}
	server.App.OnMailerSend().BindFunc(func(*core.MailerEvent) error { return nil })
	for _, test := range []struct {
		path, identity, known string
		status                int
	}{
		{"/api/auth/login/", "email", alice.Email, 401},
		{"/api/collections/users/auth-with-password", "identity", alice.Email, 400},
		{"/api/collections/_superusers/auth-with-password", "identity", "operator@example.com", 400},
		{"/api/collections/users/request-otp", "email", alice.Email, 200},
		{"/api/collections/users/request-password-reset", "email", alice.Email, 204},
		{"/api/collections/_superusers/request-password-reset", "email", "operator@example.com", 204},
	} {
		fastest := map[string]time.Duration{}
		answers := map[string][]string{}
		// The machine may be busy with something else, so that the fastest of many
		// count; without a password check a door would be many times as fast.
		alike := func() bool {
			return fastest["known"] <= 3*fastest["unknown"] && fastest["unknown"] <= 3*fastest["known"]
		}
		for attempt := 0; attempt < 2 || !alike() && attempt < 9; attempt++ {
			for name, email := range map[string]string{"known": test.known, "unknown": "nobody@example.com"} {
				failedBefore(server, 2*time.Hour)
				began := time.Now()
				response := server.Do(testapp.Request{Method: "POST", Path: test.path, Header: map[string]string{"X-Forwarded-For": "203.0.113.1"},
					Body: map[string]any{test.identity: email, "password": "guess"}})
				took := time.Since(began)
				if response.Status != test.status {
					t.Errorf("%s, %s: got %d %s", test.path, name, response.Status, response.Body)
				}
				if fastest[name] == 0 || took < fastest[name] {
					fastest[name] = took
				}
				answers[name] = append(answers[name], fmt.Sprint(response.Status, len(response.Body), len(response.Header)))
			}
		}
		if !slices.Equal(answers["known"], answers["unknown"]) {
			t.Errorf("%s: got %v", test.path, answers)
		}
		if !alike() {
			t.Errorf("%s: took %v", test.path, fastest)
		}
	}
}

func TestMailsToOneAccount(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	var done sync.WaitGroup
	for _, email := range []string{alice.Email, "nobody@example.com"} {
		done.Go(func() {
			for i := range 11 {
				door := []string{"request-password-reset", "request-verification"}[i%2]
				response := server.Call("", "POST", "/api/collections/users/"+door, map[string]any{"email": email})
				if i < 10 && response.Status != 204 || i == 10 && response.Status != 429 {
					t.Errorf("%s, request %d: got %d %s", email, i, response.Status, response.Body)
				}
			}
		})
	}
	done.Wait()
}
