package hooks

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// bindBlacklist removes rows about tokens that have expired, and about logins
// that are long past, once an hour.
func bindBlacklist(app core.App) {
	app.Cron().MustAdd("flushExpiredTokens", "17 * * * *", func() {
		if err := errors.Join(simplejwt.FlushExpired(app), throttle.Flush(app)); err != nil {
			app.Logger().Error("expired tokens and old login attempts stay stored", "error", err)
		}
	})
}
