package simplejwt

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/collections"
)

// LoadSession looks up the session of the token that PocketBase has accepted,
// and takes the sign-in back if that session has ended.
func LoadSession(e *core.RequestEvent) error {
	if e.Auth == nil || e.Auth.Collection().Name != collections.Users || e.Get(sessionKey) != nil {
		return nil
	}
	claims, err := security.ParseUnverifiedJWT(NativeToken(e.Request)) // PocketBase has verified it
	if err != nil {
		return err
	}
	session := sessionOf(claims)
	if session == "" {
		e.Auth = nil // the server issues none without a session
		return nil
	}
	living, err := IsLiving(e.Request.Context(), e.App, session, e.Auth.Id)
	if err != nil {
		return err
	}
	if !living {
		e.Auth = nil
		return nil
	}
	e.Set(sessionKey, session)
	return nil
}

// NativeToken is the token of a request as PocketBase takes it.
func NativeToken(request *http.Request) string {
	header := request.Header.Get("Authorization")
	if scheme, raw, found := strings.Cut(header, " "); found && strings.EqualFold(scheme, "Bearer") {
		return raw
	}
	return header
}

// StartNativeSession begins the session of a token that PocketBase has issued
// and returns the token that names it.
func StartNativeSession(ctx context.Context, app core.App, user *core.Record, raw string, agent Agent) (signed, session string, err error) {
	session = core.GenerateDefaultRandomId()
	signed, expires, err := nameSession(user, raw, session)
	if err != nil {
		return "", "", err
	}
	return signed, session, startSession(ctx, app, user, session, "", expires, agent)
}

// UseNativeSession does the same for a token that continues a session.
func UseNativeSession(ctx context.Context, app core.App, user *core.Record, raw, session string, agent Agent) (string, error) {
	signed, expires, err := nameSession(user, raw, session)
	if err != nil {
		return "", err
	}
	return signed, useSession(ctx, app, session, "", expires, agent)
}

// IsRenewable reports whether a token is one of PocketBase's that can be
// exchanged for a newer one.
func IsRenewable(raw string) bool {
	claims, err := security.ParseUnverifiedJWT(raw)
	return err == nil && claims[core.TokenClaimRefreshable] == true
}

// StartImpersonation begins a session of a user in which a superuser acts, and
// returns the token that names both. The session is listed among the user's own
// and ended like them.
func StartImpersonation(ctx context.Context, app core.App, user, superuser *core.Record, raw string, agent Agent) (signed, session string, err error) {
	session = core.GenerateDefaultRandomId()
	agent.UserAgent = "impersonation by " + superuser.Email()
	signed, expires, err := nameSession(user, raw, session, claim{claimImpersonator, superuser.Id})
	if err != nil {
		return "", "", err
	}
	return signed, session, startSession(ctx, app, user, session, "", expires, agent)
}

// claim is a claim of a token.
type claim struct{ name, value string }

// nameSession adds a session, and more claims, to a token of PocketBase's.
func nameSession(user *core.Record, raw, session string, more ...claim) (signed string, expires time.Time, err error) {
	claims := jwt.MapClaims{}
	if _, _, err := parser.ParseUnverified(raw, claims); err != nil {
		return "", expires, err
	}
	claims[claimSession] = session
	for _, claim := range more {
		claims[claim.name] = claim.value
	}
	signed, err = sign(user, claims)
	return signed, token{claims: claims}.expires(), err
}
