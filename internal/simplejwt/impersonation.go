package simplejwt

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/endpoint"
	"carebase/internal/realtime"
)

const (
	// claimImpersonator is the id of the superuser who acts as the account.
	claimImpersonator = "imp"
	// claimImpersonatorKey is the digest of what the superuser's own tokens were signed
	// with. With a new key, the impersonation ends like they do.
	claimImpersonatorKey = "imp_key"
)

// impersonationKey is the request store key of the impersonation of the request's token.
const impersonationKey = "simplejwtImpersonation"

// Impersonation returns the impersonation that the request's token belongs to, and false if
// the token is the account's own.
func Impersonation(e *core.RequestEvent) (realtime.Impersonation, bool) {
	found, ok := e.Get(impersonationKey).(realtime.Impersonation)
	return found, ok
}

// storeImpersonation leaves what a verified token belongs to for Impersonation.
func storeImpersonation(e *core.RequestEvent, found realtime.Impersonation) {
	if found != (realtime.Impersonation{}) {
		e.Set(impersonationKey, found)
	}
}

// impersonation returns whose impersonation the token is of; zero for none. Those of a
// Django deployment have claims of their own.
func (t token) impersonation() realtime.Impersonation {
	if t.fromDjango {
		return realtime.Impersonation{}
	}
	return impersonationOf(t.claims)
}

func impersonationOf(claims jwt.MapClaims) realtime.Impersonation {
	superuser, _ := claims[claimImpersonator].(string)
	if superuser == "" {
		return realtime.Impersonation{}
	}
	key, _ := claims[claimImpersonatorKey].(string)
	return realtime.Impersonation{Superuser: superuser, Key: key}
}

// impersonationBy returns the claims of an impersonation by a superuser.
func impersonationBy(superuser *core.Record) []claim {
	return []claim{{claimImpersonator, superuser.Id}, {claimImpersonatorKey, impersonatorKey(string(signingKey(superuser)))}}
}

// impersonatorKey returns the digest of a superuser's signing key. It is made for nothing
// else and tells nothing about the key.
func impersonatorKey(key string) string {
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write([]byte("carebase impersonation"))
	return base64.RawURLEncoding.EncodeToString(digest.Sum(nil))
}

// ImpersonationEnded asks the database whether the impersonator's own tokens have ended:
// the superuser is gone or has another key. The zero impersonation is none and has not.
func ImpersonationEnded(ctx context.Context, app core.App, asked realtime.Impersonation) (bool, error) {
	if asked == (realtime.Impersonation{}) {
		return false, nil
	}
	q := heldQuestion{ctx: context.WithoutCancel(ctx), app: app, held: []Held{{Impersonation: asked}}, ended: make([]bool, 1)}
	err := q.askImpersonators(map[string][]int{asked.Superuser: {0}})
	return q.ended[0], err
}

// NameImpersonator returns the token with claims for the superuser to whom it is issued to
// act as an account without sessions.
func NameImpersonator(account, superuser *core.Record, raw string) (string, error) {
	signed, _, err := addClaims(account, raw, impersonationBy(superuser)...)
	return signed, err
}

// NewFileToken returns a token for the caller's protected files. It names the impersonator
// whom the request's token names, and ends with the same.
func NewFileToken(e *core.RequestEvent) (string, error) {
	by, isImpersonation := Impersonation(e)
	if !isImpersonation {
		return e.Auth.NewFileToken()
	}
	files := e.Auth.Collection().FileToken
	return security.NewJWT(jwt.MapClaims{
		core.TokenClaimType: core.TokenTypeFile, core.TokenClaimId: e.Auth.Id, core.TokenClaimCollectionId: e.Auth.Collection().Id,
		claimImpersonator: by.Superuser, claimImpersonatorKey: by.Key,
	}, e.Auth.TokenKey()+files.Secret, files.DurationTime())
}

// CheckFileToken is the middleware that refuses the token of a download whose impersonator
// may no longer act, or whose secret another process has renewed. PocketBase verifies the
// rest of it.
func CheckFileToken(e *core.RequestEvent) error {
	if !endpoint.IsBelow(e.Request, "/api/files") && !endpoint.IsBelow(e.Request, "/api/backups") {
		return e.Next()
	}
	claims, err := security.ParseUnverifiedJWT(e.Request.URL.Query().Get("token"))
	if err != nil {
		return e.Next() // no token, or none that anybody accepts
	}
	ended, err := ImpersonationEnded(e.Request.Context(), e.App, impersonationOf(claims))
	if err == nil && !ended {
		ended, err = hasNewFileSecret(e, claims)
	}
	if err != nil {
		return err
	}
	if ended {
		return e.UnauthorizedError("The request's token is invalid or has expired.", nil)
	}
	return e.Next()
}

func hasNewFileSecret(e *core.RequestEvent, claims jwt.MapClaims) (bool, error) {
	id, _ := claims[core.TokenClaimCollectionId].(string)
	collection, err := e.App.FindCachedCollectionByNameOrId(id)
	if err != nil || !collection.IsAuth() {
		return false, nil // nobody accepts it
	}
	return hasNewSecret(e.Request.Context(), e.App, collection, "fileToken", collection.FileToken)
}
