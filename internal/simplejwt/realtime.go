package simplejwt

import (
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/realtime"
)

// RealtimeKey is the key under which a realtime client stores its SignIn as a string.
const RealtimeKey = "carebaseSession"

// SignIn describes the sign-in of a realtime client.
type SignIn struct {
	// Session is the session's id; empty for a token without one.
	Session string
	// Expires is when the token expires.
	Expires time.Time
}

// NewSignIn returns the sign-in of an authenticated request.
func NewSignIn(e *core.RequestEvent) (SignIn, error) {
	claims, err := security.ParseUnverifiedJWT(NativeToken(e.Request)) // already verified by PocketBase
	if err != nil {
		return SignIn{}, err
	}
	return SignIn{Session: Session(e), Expires: time.Unix(cast.ToInt64(claims["exp"]), 0)}, nil
}

// String returns the value for RealtimeKey.
func (s SignIn) String() string { return s.Session + "|" + strconv.FormatInt(s.Expires.Unix(), 10) }

// SignInOf returns the last sign-in of a realtime client, and false if it has none.
func SignInOf(client subscriptions.Client) (SignIn, bool) {
	text, _ := client.Get(RealtimeKey).(string)
	session, expires, found := strings.Cut(text, "|")
	return SignIn{Session: session, Expires: time.Unix(cast.ToInt64(expires), 0)}, found
}

// HasExpired reports whether the token has expired.
func (s SignIn) HasExpired() bool { return !time.Now().Before(s.Expires) }

// endExpiredSessions deletes the expired sessions of realtime clients one by one, so
// that delete hooks sign the clients out.
func endExpiredSessions(app core.App, expired dbx.Expression) error {
	connected := map[string]bool{}
	for _, client := range realtime.Of(app).Broker().Clients() {
		if signIn, ok := SignInOf(client); ok && signIn.Session != "" {
			connected[signIn.Session] = true
		}
	}
	for id := range connected {
		var ended []*core.Record
		if err := app.RecordQuery(collections.Sessions).AndWhere(dbx.HashExp{"id": id}).AndWhere(expired).All(&ended); err != nil {
			return err
		}
		for _, session := range ended {
			if err := app.Delete(session); err != nil {
				return err
			}
		}
	}
	return nil
}
