package simplejwt

import (
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/realtime"
)

// NewSignIn returns the sign-in of an authenticated request of a realtime client.
func NewSignIn(e *core.RequestEvent) (*realtime.SignIn, error) {
	claims, err := security.ParseUnverifiedJWT(NativeToken(e.Request)) // already verified by PocketBase
	if err != nil {
		return nil, err
	}
	by, _ := Impersonation(e)
	return &realtime.SignIn{Session: Session(e), Expires: time.Unix(cast.ToInt64(claims["exp"]), 0), Impersonation: by}, nil
}

// endExpiredSessions deletes the expired sessions of realtime clients one by one, so
// that delete hooks sign the clients out.
func endExpiredSessions(app core.App, expired dbx.Expression) error {
	connected := map[string]bool{}
	for _, client := range realtime.Of(app).Broker().Clients() {
		if signIn, ok := realtime.SignInOf(client); ok && signIn.Session != "" {
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
