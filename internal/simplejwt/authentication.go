package simplejwt

import (
	"errors"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/django"
)

// requestKey is where LoadToken leaves the refusal for Authenticate.
const requestKey = "simplejwtRefusal"

// LoadToken is the middleware that reads the Authorization header strictly,
// as SimpleJWT's JWTAuthentication, in the place of PocketBase's lenient one.
// It refuses nothing: views do, in their own order, by Authenticate.
func LoadToken() *hook.Handler[*core.RequestEvent] {
	return &hook.Handler[*core.RequestEvent]{
		Id:       apis.DefaultLoadAuthTokenMiddlewareId,
		Priority: apis.DefaultLoadAuthTokenMiddlewarePriority,
		Func: func(e *core.RequestEvent) error {
			found, err := authenticate(e)
			if err != nil {
				e.Set(requestKey, err)
			} else if found != nil {
				e.Auth = found.user
				e.Set(sessionKey, found.session())
			}
			return e.Next()
		},
	}
}

// Authenticate returns why LoadToken did not accept the request's credentials:
// a *rest.Error, or nil if they hold or if there are none.
func Authenticate(e *core.RequestEvent) error {
	err, _ := e.Get(requestKey).(error)
	return err
}

// authenticate returns the request's Bearer token, nil for a request without
// one.
func authenticate(e *core.RequestEvent) (*token, error) {
	// Several headers are one, as WSGI joins them.
	raw, err := bearerToken(strings.Join(e.Request.Header.Values("Authorization"), ","))
	if err != nil || raw == "" {
		return nil, err
	}
	found, err := decode(e.App, raw)
	if err == nil {
		err = found.requireAccess()
	}
	var invalid tokenError
	switch {
	case err == nil && django.IsInactive(found.user):
		return nil, userInactive()
	case err == nil:
		return &found, nil
	case errors.Is(err, errNoUser):
		return nil, userNotFound()
	case errors.As(err, &invalid):
		return nil, refusedToken(invalid)
	}
	return nil, err
}

// bearerToken takes the token out of an Authorization header. Another scheme
// counts as no credentials; the scheme's case matters.
func bearerToken(header string) (string, error) {
	parts := strings.FieldsFunc(header, func(r rune) bool { return strings.ContainsRune(" \t\n\r\v\f", r) })
	if len(parts) == 0 || parts[0] != "Bearer" {
		return "", nil
	}
	if len(parts) != 2 {
		return "", badHeader()
	}
	return parts[1], nil
}
