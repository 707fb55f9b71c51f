package django_test

import (
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"carebase/internal/django"
	"carebase/internal/testing/testapp"
)

const secret = "django-insecure-not-a-secret"

func signed(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	raw, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestKeys(t *testing.T) {
	now := time.Now()
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		made := jwt.MapClaims{"token_type": "refresh", "exp": now.Add(time.Hour).Unix(), "iat": now.Add(-time.Hour).Unix(), "jti": "abc", "user_id": "3"}
		change(made)
		return made
	}
	keep := func(jwt.MapClaims) {}
	set := func(name string, value any) func(jwt.MapClaims) {
		return func(claims jwt.MapClaims) { claims[name] = value }
	}
	without := func(name string) func(jwt.MapClaims) { return func(claims jwt.MapClaims) { delete(claims, name) } }
	keys := django.NewKeys(secret)
	for name, test := range map[string]struct {
		raw  string
		user string
		want error
	}{
		"a string":       {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(keep)), "3", nil},
		"a number":       {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(set("user_id", 3000000017))), "3000000017", nil},
		"a fraction":     {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(set("user_id", 3.5))), "", django.ErrToken},
		"an access":      {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(set("token_type", "access"))), "3", nil},
		"a sliding":      {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(set("token_type", "sliding"))), "", django.ErrToken},
		"expired":        {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(set("exp", now.Add(-time.Minute).Unix()))), "", django.ErrTokenExpired},
		"no expiry":      {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(without("exp"))), "", django.ErrToken},
		"no user":        {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(without("user_id"))), "", django.ErrToken},
		"no id":          {signed(t, jwt.SigningMethodHS256, []byte(secret), claims(without("jti"))), "", django.ErrToken},
		"another key":    {signed(t, jwt.SigningMethodHS256, []byte(secret+"x"), claims(keep)), "", django.ErrToken},
		"an expired one": {signed(t, jwt.SigningMethodHS256, []byte("x"), claims(set("exp", 1))), "", django.ErrToken},
		"HS512":          {signed(t, jwt.SigningMethodHS512, []byte(secret), claims(keep)), "", django.ErrToken},
		"no signature":   {signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(keep)), "", django.ErrToken},
		"no token":       {"abc", "", django.ErrToken},
	} {
		found, err := keys.Verify(test.raw)
		if !errors.Is(err, test.want) || found.UserID != test.user {
			t.Errorf("%s: got %+v, %v", name, found, err)
		}
		if err == nil && (found.ID != "abc" || found.Expires.Unix() != now.Add(time.Hour).Unix() || found.Issued.Unix() != now.Add(-time.Hour).Unix()) {
			t.Errorf("%s: got %+v", name, found)
		}
	}
	if _, err := django.NewKeys("").Verify(signed(t, jwt.SigningMethodHS256, []byte(""), claims(keep))); !errors.Is(err, django.ErrToken) {
		t.Errorf("without a key: %v", err)
	}
}

func TestTokensUntil(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	for _, step := range []struct{ note, want string }{
		{"2035-05-31 09:32:00.000Z", "2035-05-31"}, {"2034-01-01 00:00:00.000Z", "2035-05-31"}, {"2036-01-01 00:00:00.000Z", "2036-01-01"},
	} {
		if err := django.NoteTokensUntil(app, step.note); err != nil {
			t.Fatal(err)
		}
		if until, err := django.TokensUntil(app); err != nil || until.Format(time.DateOnly) != step.want {
			t.Errorf("got %v, %v", until, err)
		}
	}
}
