package hooks

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// bindFlush purges expired tokens and old login attempts once an hour.
func bindFlush(app core.App) {
	app.Cron().MustAdd("flushExpiredTokens", "17 * * * *", func() {
		if err := errors.Join(simplejwt.FlushExpired(app), throttle.Flush(app)); err != nil {
			app.Logger().Error("failed to purge expired tokens and login attempts", "error", err)
		}
	})
}
