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

// Errors returned by Keys.Verify.
var (
	// ErrToken means that a token is not a SimpleJWT token signed with the key.
	ErrToken = errors.New("not a token of the Django deployment")
	// ErrTokenExpired means that a token of the deployment has expired.
	ErrTokenExpired = errors.New("an expired token of the Django deployment")
)

// Keys verifies tokens issued by a Django deployment. The zero value accepts none.
type Keys struct {
	secret []byte
}

// NewKeys returns the keys for a deployment's SECRET_KEY. An empty secret accepts no
// token.
func NewKeys(secret string) Keys { return Keys{[]byte(secret)} }

// Claims holds the claims of a SimpleJWT token.
type Claims struct {
	// Type is "access" or "refresh".
	Type string
	// ID is the jti claim.
	ID string
	// UserID is the user's id, which may be a string or a number in the token.
	UserID  string
	Issued  time.Time
	Expires time.Time
}

var tokenParser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithJSONNumber(), jwt.WithExpirationRequired(), jwt.WithIssuedAt())

// Verify returns the claims of an unexpired token signed with the key (HS256). The
// caller must check the blacklist, and that the user exists and is active. The error
// is ErrToken or ErrTokenExpired.
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

// textClaim returns a claim that is a string or an integer as text; "" for anything
// else.
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

// paramsTable is PocketBase's key-value table of settings.
const (
	paramsTable = "_params"
	tokensParam = "django"
)

// tokensNote is what is stored about the refresh tokens of an imported deployment.
type tokensNote struct {
	TokensUntil types.DateTime `json:"tokens_until"`
}

// NoteTokensUntil stores when the deployment's last refresh token expires. It keeps a
// later time that is already stored.
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

// TokensUntil returns when the last refresh token of an imported deployment expires;
// the zero time if there is none.
func TokensUntil(app core.App) (time.Time, error) {
	var values []string
	if err := app.DB().Select("value").From(paramsTable).Where(dbx.HashExp{"id": tokensParam}).Column(&values); err != nil || len(values) == 0 {
		return time.Time{}, err
	}
	var note tokensNote
	err := json.Unmarshal([]byte(values[0]), &note)
	return note.TokensUntil.Time(), err
}
