package migrations

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The settings whose defaults matter here are set on purpose. Operators change
// them in the dashboard.
func init() {
	pocketbase.Register(settingsUp, settingsDown)
}

// carebaseRateLimits are the rules of before 1767000000, defaultRateLimits
// PocketBase's own.
var (
	carebaseRateLimits = []core.RateLimitRule{
		{Label: "*:auth", MaxRequests: 10, Duration: 60},
		{Label: "POST /api/auth/login/", MaxRequests: 10, Duration: 60},
		{Label: "POST /api/token/", MaxRequests: 10, Duration: 60},
		{Label: "POST /api/auth/register/", MaxRequests: 10, Duration: 60},
		{Label: "users:create", MaxRequests: 10, Duration: 60},
		{Label: "/api/batch", MaxRequests: 3, Duration: 1},
		{Label: "/api/", MaxRequests: 300, Duration: 10},
	}
	defaultRateLimits = []core.RateLimitRule{
		{Label: "*:auth", MaxRequests: 2, Duration: 3},
		{Label: "*:create", MaxRequests: 20, Duration: 5},
		{Label: "/api/batch", MaxRequests: 3, Duration: 1},
		{Label: "/api/", MaxRequests: 300, Duration: 10},
	}
)

func settingsUp(app core.App) error {
	settings := app.Settings()
	settings.Meta.AppName = "Carebase"
	settings.Meta.AppURL = "http://127.0.0.1:8000"
	// Who did what from where must be found again; what they searched for is
	// never logged.
	settings.Logs.MaxDays = 30
	settings.Logs.LogIP = true
	settings.Logs.LogAuthId = true
	// One batch is many writes in one request: for those who ask for it.
	settings.Batch.Enabled = false
	settings.Batch.MaxRequests = 50
	settings.Batch.Timeout = 3
	settings.RateLimits.Enabled = false
	settings.RateLimits.Rules = slices.Clone(carebaseRateLimits)
	return app.Save(settings)
}

func settingsDown(app core.App) error {
	settings := app.Settings()
	settings.Meta.AppName = "Acme"
	settings.Meta.AppURL = "http://localhost:8090"
	settings.Logs.MaxDays = 5
	settings.Logs.LogAuthId = false
	settings.RateLimits.Rules = slices.Clone(defaultRateLimits)
	return app.Save(settings)
}
