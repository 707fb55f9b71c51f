package simplejwt

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/django"
)

// LoadNative is the middleware that signs the caller in as PocketBase does, but fails
// if the database does not answer, instead of treating the caller as a guest, and
// accepts no token of a session that has ended.
func LoadNative(e *core.RequestEvent) error {
	raw := NativeToken(e.Request)
	if e.Auth != nil || raw == "" {
		return e.Next()
	}
	found, err := authenticateNative(e, raw)
	if err != nil {
		return err
	}
	e.Auth = found
	return e.Next()
}

// CheckNative returns a 401 if the token with which LoadNative has signed the caller in
// has ended since.
func CheckNative(e *core.RequestEvent) error {
	raw := NativeToken(e.Request)
	if e.Auth == nil || raw == "" {
		return nil
	}
	found, err := authenticateNative(e, raw)
	if err == nil && (found == nil || found.Id != e.Auth.Id) {
		return e.UnauthorizedError("The request's token is invalid or has expired.", nil)
	}
	return err
}

// authenticateNative returns whose token it is, or nil.
func authenticateNative(e *core.RequestEvent, raw string) (*core.Record, error) {
	found, err := decode(e.Request.Context(), e.App, raw)
	var invalid tokenError
	switch {
	case err == nil && found.isNative() && !django.IsInactive(found.user):
		e.Set(sessionKey, found.session())
		storeImpersonation(e, found.impersonation())
		return copyOf(found.user), nil
	case err == nil, errors.Is(err, ErrNoUser):
	case !errors.As(err, &invalid):
		return nil, err
	case invalid == errInvalid: // other accounts have no sessions
		record, err := e.App.FindAuthRecordByToken(raw, core.TokenTypeAuth)
		if dberror.Refusal(err) != nil {
			return nil, err
		}
		if err != nil || record.Collection().Name == collections.Users || django.IsInactive(record) {
			return nil, nil
		}
		if isRenewed, err := hasNewSecret(e.Request.Context(), e.App, record.Collection(), "authToken", record.Collection().AuthToken); err != nil || isRenewed {
			return nil, err
		}
		claims, err := security.ParseUnverifiedJWT(raw) // verified above
		if err != nil {
			return nil, nil
		}
		by := impersonationOf(claims)
		if ended, err := ImpersonationEnded(e.Request.Context(), e.App, by); err != nil || ended {
			return nil, err
		}
		storeImpersonation(e, by)
		return record, nil
	}
	return nil, nil
}

// hasNewSecret reports whether the secret of a collection's tokens of one kind is another
// one than this process knows: it hears of changes by other processes a moment later.
func hasNewSecret(ctx context.Context, app core.App, collection *core.Collection, kind string, known core.TokenConfig) (isRenewed bool, err error) {
	var secret string
	err = app.ConcurrentDB().NewQuery("SELECT coalesce(json_extract([[options]], '$." + kind + ".secret'), '') FROM {{_collections}} WHERE [[id]] = {:id}").
		Bind(dbx.Params{"id": collection.Id}).WithContext(context.WithoutCancel(ctx)).Row(&secret)
	if isNotFound(err) {
		return true, nil
	}
	return secret != known.Secret, err
}

// isNative reports whether PocketBase's endpoints accept the token.
func (t token) isNative() bool {
	return t.claims[core.TokenClaimType] == core.TokenTypeAuth || t.fromDjango && t.requireAccess() == nil
}

// NativeToken returns a request's token as PocketBase parses it.
func NativeToken(request *http.Request) string {
	header := request.Header.Get("Authorization")
	if scheme, raw, found := strings.Cut(header, " "); found && strings.EqualFold(scheme, "Bearer") {
		return raw
	}
	return header
}

// StartNativeSession starts a session for a token that PocketBase has issued. It
// returns the token with the session's id added, and that id.
func StartNativeSession(ctx context.Context, app core.App, user *core.Record, raw string, agent Agent) (signed, session string, err error) {
	session = core.GenerateDefaultRandomId()
	signed, expires, err := nameSession(user, raw, session)
	if err != nil {
		return "", "", err
	}
	return signed, session, startSession(ctx, app, user, session, "", expires, agent)
}

// UseNativeSession adds the session's id to a token that continues a session, and
// returns that token.
func UseNativeSession(ctx context.Context, app core.App, user *core.Record, raw, session string, agent Agent) (string, error) {
	signed, expires, err := nameSession(user, raw, session)
	if err != nil {
		return "", err
	}
	return signed, useSession(ctx, app, session, "", expires, agent)
}

// IsRenewable reports whether a token is a PocketBase token that can be refreshed.
func IsRenewable(raw string) bool {
	claims, err := security.ParseUnverifiedJWT(raw)
	return err == nil && claims[core.TokenClaimRefreshable] == true
}

// StartImpersonation starts a session in which a superuser acts as a user, and returns
// a token with claims for both. The session is listed and ended like the user's own.
func StartImpersonation(ctx context.Context, app core.App, user, superuser *core.Record, raw string, agent Agent) (signed, session string, err error) {
	session = core.GenerateDefaultRandomId()
	agent.UserAgent = "impersonation by " + superuser.Email()
	signed, expires, err := nameSession(user, raw, session, impersonationBy(superuser)...)
	if err != nil {
		return "", "", err
	}
	return signed, session, startSession(ctx, app, user, session, "", expires, agent)
}

// claim is a claim of a token.
type claim struct{ name, value string }

// nameSession adds the session's id and further claims to a PocketBase token.
func nameSession(user *core.Record, raw, session string, more ...claim) (signed string, expires time.Time, err error) {
	return addClaims(user, raw, append(more, claim{claimSession, session})...)
}

// addClaims adds claims to a PocketBase token of an account.
func addClaims(account *core.Record, raw string, more ...claim) (signed string, expires time.Time, err error) {
	claims := jwt.MapClaims{}
	if _, _, err := parser.ParseUnverified(raw, claims); err != nil {
		return "", expires, err
	}
	for _, claim := range more {
		claims[claim.name] = claim.value
	}
	signed, err = sign(account, claims)
	return signed, token{claims: claims}.expires(), err
}
