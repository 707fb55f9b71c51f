package server_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestTokensThatDoNotHold(t *testing.T) {
	c := testapp.NewClinic(t)
	alice, err := c.App.FindRecordById(collections.Users, c.Alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	key := []byte(alice.TokenKey() + alice.Collection().AuthToken.Secret)
	claims := func(change jwt.MapClaims) jwt.MapClaims {
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(c.Alice.Access, claims); err != nil {
			t.Fatal(err)
		}
		for name, value := range change {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
		return claims
	}
	sign := func(method jwt.SigningMethod, claims jwt.MapClaims, key any) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	past := time.Now().Add(-time.Minute).Unix()
	for _, test := range []struct{ name, token, message string }{
		{"garbage", "garbage", "Token is invalid"},
		{"refresh", c.Alice.Refresh, "Token has wrong type"},
		{"expired", sign(jwt.SigningMethodHS256, claims(jwt.MapClaims{"exp": past}), key), "Token is expired"},
		{"tampered", c.Alice.Access[:len(c.Alice.Access)-4] + "AAAA", "Token is invalid"},
		{"other payload", sign(jwt.SigningMethodHS256, claims(jwt.MapClaims{"id": c.Bob.ID, "user_id": c.Bob.ID}), key), "Token is invalid"},
		{"no algorithm", sign(jwt.SigningMethodNone, claims(nil), jwt.UnsafeAllowNoneSignatureType), "Token is invalid"},
		{"other algorithm", sign(jwt.SigningMethodHS512, claims(nil), key), "Token is invalid"},
		{"other key", sign(jwt.SigningMethodHS256, claims(nil), []byte("other")), "Token is invalid"},
		{"refresh made native", sign(jwt.SigningMethodHS256, claims(jwt.MapClaims{"type": "refresh"}), []byte("other")), "Token is invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := c
			server := *c.Server
			server.TB, c.Server = t, &server
			c.Want(c.Call(test.token, "GET", testapp.Records("patients"), nil), 401)
			c.Want(c.Call(test.token, "GET", testapp.Records("patients")+"/"+c.AlicePatient, nil), 401)
			c.Want(c.Call(test.token, "POST", testapp.Records("patients"), map[string]any{"name": "x", "age": 1}), 401)
			c.Want(c.Call(test.token, "GET", testapp.Records("doctors"), nil), 401)
			c.Want(c.Batch(test.token, "POST", testapp.Records("patients"), map[string]any{"name": "x", "age": 1}), 401)
			c.Want(c.Connect().Subscribe(test.token, "patients/*"), 401)
			response := c.Call(test.token, "GET", "/api/patients/", nil)
			want := `{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"` + test.message + `"}]}`
			if response.Status != 401 || response.Body != want {
				t.Errorf("got %d %s, want %s", response.Status, response.Body, want)
			}
		})
	}
	// A stale token must not stand in the way of signing in again.
	c.Must(200, "garbage", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": c.Alice.Email, "password": "Tr0ub4dor&3"})
	if got := c.IDs("", testapp.Records("patients")); len(got) != 0 {
		t.Errorf("a guest listed %v", got)
	}
}

func TestTokensEndWithPasswordAndAccount(t *testing.T) {
	c := testapp.NewClinic(t)
	native := c.Must(200, "", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": c.Alice.Email, "password": "Tr0ub4dor&3"})["token"].(string)
	c.Want(c.Call(native, "GET", "/api/patients/", nil), 200)

	c.Must(200, c.SuperuserToken, "PATCH", testapp.Records("users")+"/"+c.Alice.ID, map[string]any{"password": "another-Secret-9", "passwordConfirm": "another-Secret-9"})
	for _, token := range []string{c.Alice.Access, native} {
		c.Want(c.Call(token, "GET", "/api/patients/", nil), 401)
		c.Want(c.Call(token, "GET", testapp.Records("patients"), nil), 401)
	}
	c.Want(c.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": c.Alice.Refresh}), 401)

	c.Want(c.Call(c.SuperuserToken, "DELETE", testapp.Records("users")+"/"+c.Bob.ID, nil), 204)
	gone := c.Call(c.Bob.Access, "GET", "/api/patients/", nil)
	if gone.Status != 401 || gone.Body != `{"detail":"User not found","code":"user_not_found"}` {
		t.Errorf("got %d %s", gone.Status, gone.Body)
	}
	c.Want(c.Call(c.Bob.Access, "GET", testapp.Records("patients"), nil), 401)
	refused := c.Call("", "POST", "/api/token/refresh/", map[string]any{"refresh": c.Bob.Refresh})
	if refused.Status != 401 || refused.Body != `{"detail":"No active account found for the given token."}` {
		t.Errorf("got %d %s", refused.Status, refused.Body)
	}
}
