package django

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/spf13/cast"
)

// The errors of Keys.Verify.
var (
	// ErrToken means that a token was not signed with the key, or is no token of
	// SimpleJWT's.
	ErrToken = errors.New("not a token of the Django deployment")
	// ErrTokenExpired means that it was one, and has expired.
	ErrTokenExpired = errors.New("an expired token of the Django deployment")
)

// Keys verify the tokens that a Django deployment has issued. The zero value
// verifies none.
type Keys struct {
	secret []byte
}

// NewKeys returns the keys for a deployment's SECRET_KEY; none if it is empty.
func NewKeys(secret string) Keys { return Keys{[]byte(secret)} }

// Claims are what SimpleJWT puts into a token.
type Claims struct {
	// Type is "access" or "refresh".
	Type string
	// ID is the claim jti.
	ID string
	// UserID is the id of the user, which is a string or a number in the token.
	UserID  string
	Issued  time.Time
	Expires time.Time
}

var tokenParser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithJSONNumber(), jwt.WithExpirationRequired(), jwt.WithIssuedAt())

// Verify returns the claims of a token that was signed with the key (HS256) and
// holds. Whether it is blacklisted, and whether its user is there and active, is the
// caller's to find out. The error is ErrToken or ErrTokenExpired.
func (k Keys) Verify(raw string) (Claims, error) {
	if len(k.secret) == 0 {
		return Claims{}, ErrToken
	}
	verified := jwt.MapClaims{}
	_, err := tokenParser.ParseWithClaims(raw, verified, func(*jwt.Token) (any, error) { return k.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, ErrTokenExpired
	case err != nil:
		return Claims{}, ErrToken
	}
	claims := Claims{Type: textClaim(verified["token_type"]), ID: textClaim(verified["jti"]), UserID: textClaim(verified["user_id"])}
	if claims.Type != "access" && claims.Type != "refresh" || claims.ID == "" || claims.UserID == "" {
		return Claims{}, ErrToken
	}
	expires, err := verified.GetExpirationTime()
	if err != nil || expires == nil {
		return Claims{}, ErrToken
	}
	claims.Expires = expires.Time
	if issued, err := verified.GetIssuedAt(); err == nil && issued != nil {
		claims.Issued = issued.Time
	}
	return claims, nil
}

// textClaim is a claim that is a string or a whole number; empty for all others.
func textClaim(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return cast.ToString(whole)
		}
	}
	return ""
}

// paramsTable is where PocketBase keeps its settings, by key.
const (
	paramsTable = "_params"
	tokensParam = "django"
)

// tokensNote is what is kept of the refresh tokens that a deployment had issued.
type tokensNote struct {
	TokensUntil types.DateTime `json:"tokens_until"`
}

// NoteTokensUntil keeps until when the last refresh token of a deployment holds. A
// later time that is there already stays.
func NoteTokensUntil(app core.App, until string) error {
	known, err := TokensUntil(app)
	if err != nil {
		return err
	}
	moment, err := types.ParseDateTime(until)
	if err != nil || !moment.Time().After(known) {
		return err
	}
	value, err := json.Marshal(tokensNote{moment})
	if err != nil {
		return err
	}
	if _, err := app.DB().Delete(paramsTable, dbx.HashExp{"id": tokensParam}).Execute(); err != nil {
		return err
	}
	now := types.NowDateTime().String()
	_, err = app.DB().Insert(paramsTable, dbx.Params{"id": tokensParam, "value": string(value), "created": now, "updated": now}).Execute()
	return err
}

// TokensUntil is until when the last of the refresh tokens holds that a deployment
// had issued when it was imported; zero if none does.
func TokensUntil(app core.App) (time.Time, error) {
	var values []string
	if err := app.DB().Select("value").From(paramsTable).Where(dbx.HashExp{"id": tokensParam}).Column(&values); err != nil || len(values) == 0 {
		return time.Time{}, err
	}
	var note tokensNote
	err := json.Unmarshal([]byte(values[0]), &note)
	return note.TokensUntil.Time(), err
}
