package migrations

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// Carebase has limits of its own (internal/throttle), so that PocketBase's stay as
// they come: its rules, switched off. Rules that an operator has changed or
// switched on are left alone.
func init() {
	pocketbase.Register(
		func(app core.App) error { return replaceRateLimits(app, carebaseRateLimits, defaultRateLimits) },
		func(app core.App) error { return replaceRateLimits(app, defaultRateLimits, carebaseRateLimits) },
	)
}

func replaceRateLimits(app core.App, from, to []core.RateLimitRule) error {
	limits := &app.Settings().RateLimits
	if limits.Enabled || !slices.Equal(limits.Rules, from) {
		return nil
	}
	limits.Rules = slices.Clone(to)
	return app.Save(app.Settings())
}
