package server_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

func TestSuperusersAreConfinedToNetworks(t *testing.T) {
	server := behindProxy(t, func(config *config.Config) {
		config.SuperuserNetworks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	token := server.Superuser()
	superusers, err := server.App.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		t.Fatal(err)
	}
	from := func(address, method, path string, body any) int {
		return server.Do(testapp.Request{Method: method, Path: path, Token: token, Body: body, Header: map[string]string{"X-Forwarded-For": address}}).Status
	}
	login := func(address, collection, password string) int {
		return server.Do(testapp.Request{Method: "POST", Path: "/api/collections/" + collection + "/auth-with-password",
			Body: map[string]any{"identity": "operator@example.com", "password": password}, Header: map[string]string{"X-Forwarded-For": address}}).Status
	}
	const inside, outside = "192.0.2.7", "203.0.113.7"
	check := func() {
		t.Helper()
		for _, collection := range []string{"_superusers", superusers.Id} {
			for _, password := range []string{testapp.Password, "guess"} {
				if status := login(outside, collection, password); status != 403 {
					t.Errorf("a login from outside: got %d", status)
				}
			}
			if status := login(inside, collection, testapp.Password); status != 200 {
				t.Errorf("a login from inside: got %d", status)
			}
		}
		for _, path := range []string{"/api/collections", "/api/settings", "/api/logs", "/api/backups", testapp.Records("patients"), testapp.Records("users")} {
			if status := from(outside, "GET", path, nil); status != 403 {
				t.Errorf("%s from outside: got %d", path, status)
			}
			want := 200
			if path == "/api/backups" && testpostgres.Chosen() {
				want = 400 // none on PostgreSQL, which the answer says
			}
			if status := from(inside, "GET", path, nil); status != want {
				t.Errorf("%s from inside: got %d", path, status)
			}
		}
		if status := from(outside, "POST", "/api/sql", map[string]any{"query": "SELECT 1"}); status != 403 {
			t.Errorf("the SQL console from outside: got %d", status)
		}
		for _, door := range []string{"auth-refresh", "request-password-reset", "request-otp"} {
			if status := from(outside, "POST", "/api/collections/_superusers/"+door, map[string]any{"email": "operator@example.com"}); status != 403 {
				t.Errorf("%s from outside: got %d", door, status)
			}
		}
	}
	check()
	// The dashboard cannot loosen it.
	if status := from(inside, "PATCH", "/api/settings", map[string]any{"superuserIPs": []string{outside}}); status != 200 {
		t.Fatalf("got %d", status)
	}
	check()
	alice := server.SignUp("alice")
	if status := server.Do(testapp.Request{Method: "GET", Path: "/api/patients/", Token: alice.Access, Header: map[string]string{"X-Forwarded-For": outside}}).Status; status != 200 {
		t.Errorf("a user: got %d", status)
	}
}

func TestSuperusersShowAOneTimePassword(t *testing.T) {
	server := testapp.New(t, func(config *config.Config) { config.SuperuserMFA = true })
	server.Superuser()
	server.App.OnMailerSend().BindFunc(func(*core.MailerEvent) error { return nil })
	code := ""
	server.App.OnRecordRequestOTPRequest().BindFunc(func(e *core.RecordCreateOTPRequestEvent) error {
		code = e.Password
		return e.Next()
	})
	const collection = "/api/collections/_superusers/"
	first := server.Must(401, "", "POST", collection+"auth-with-password", map[string]any{"identity": "operator@example.com", "password": testapp.Password})
	if first["token"] != nil || first["mfaId"] == nil {
		t.Fatalf("got %v", first)
	}
	otp := server.Must(200, "", "POST", collection+"request-otp", map[string]any{"email": "operator@example.com"})["otpId"]
	second := server.Must(200, "", "POST", collection+"auth-with-otp", map[string]any{"otpId": otp, "password": code, "mfaId": first["mfaId"]})
	if status := server.Call(fmt.Sprint(second["token"]), "GET", "/api/settings", nil).Status; status != 200 {
		t.Errorf("got %d", status)
	}
}
