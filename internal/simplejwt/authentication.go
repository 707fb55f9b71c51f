package simplejwt

import (
	"errors"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/django"
	"carebase/internal/rest"
)

// requestKey is the request store key under which LoadToken leaves its error for
// Authenticate.
const requestKey = "simplejwtRefusal"

// LoadToken is the middleware that parses the Authorization header strictly, like
// SimpleJWT's JWTAuthentication, replacing PocketBase's lenient one. It rejects
// nothing itself: views call Authenticate in their own order.
func LoadToken(e *core.RequestEvent) error {
	found, err := authenticate(e)
	if err != nil {
		e.Set(requestKey, err)
	} else if found != nil {
		e.Auth = copyOf(found.user)
		e.Set(sessionKey, found.session())
		storeImpersonation(e, found.impersonation())
		rest.OnFailure(e, func() error { return CheckToken(e) })
	}
	return e.Next()
}

// CheckToken returns a *rest.Error if the token with which LoadToken has signed the
// caller in has ended since. It reads the row of a Join again, too.
func CheckToken(e *core.RequestEvent) error {
	if e.Auth == nil {
		return nil
	}
	if row, ok := e.Get(joinedKey).(*joined); ok {
		row.user = "" // it has not been read
	}
	_, err := authenticate(e)
	return err
}

// Authenticate returns a *rest.Error for credentials that LoadToken rejected, and nil
// if they are valid or absent.
func Authenticate(e *core.RequestEvent) error {
	err, _ := e.Get(requestKey).(error)
	return err
}

// authenticate returns the request's Bearer token, or nil if it has none.
func authenticate(e *core.RequestEvent) (*token, error) {
	// Repeated headers are joined, as WSGI does.
	raw, err := bearerToken(strings.Join(e.Request.Header.Values("Authorization"), ","))
	if err != nil || raw == "" {
		return nil, err
	}
	found, err := decode(withJoined(e), e.App, raw)
	if err == nil {
		err = found.requireAccess()
	}
	var invalid tokenError
	switch {
	case (err == nil || errors.Is(err, errBlacklisted)) && django.IsInactive(found.user):
		return nil, userInactive()
	case err == nil:
		return &found, nil
	case errors.Is(err, ErrNoUser):
		return nil, userNotFound()
	case errors.As(err, &invalid):
		return nil, refusedToken(invalid)
	}
	return nil, err
}

// bearerToken extracts the token from an Authorization header. Other schemes count as
// no credentials; the scheme is case-sensitive.
func bearerToken(header string) (string, error) {
	parts := strings.FieldsFunc(header, isSpace)
	if len(parts) == 0 || parts[0] != "Bearer" {
		return "", nil
	}
	if len(parts) != 2 {
		return "", badHeader()
	}
	return parts[1], nil
}

// isSpace reports whether Python's bytes.split() splits at a character.
func isSpace(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }
