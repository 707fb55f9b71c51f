package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/simplejwt"
)

// bindBlacklist removes rows about tokens that have expired, once an hour.
func bindBlacklist(app core.App) {
	app.Cron().MustAdd("flushExpiredTokens", "17 * * * *", func() {
		if err := simplejwt.FlushExpired(app); err != nil {
			app.Logger().Error("expired tokens stay in the blacklist", "error", err)
		}
	})
}
