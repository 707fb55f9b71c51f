package hooks

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/idempotency"
	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// bindFlush purges expired tokens, old login attempts and old idempotency keys once
// an hour.
func bindFlush(app core.App) {
	app.Cron().MustAdd("flushExpiredTokens", "17 * * * *", func() {
		if err := errors.Join(simplejwt.FlushExpired(app), throttle.Flush(app), idempotency.Flush(app)); err != nil {
			app.Logger().Error("failed to purge expired tokens, login attempts and idempotency keys", "error", err)
		}
	})
}
