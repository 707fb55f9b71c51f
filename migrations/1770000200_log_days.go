package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The request log is for looking into problems of the last days; who did what is in
// the audit trail. Another number of days than the program's own stays.
func init() {
	pocketbase.Register(setLogDays(30, 7), setLogDays(7, 30))
}

func setLogDays(before, after int) func(core.App) error {
	return func(app core.App) error {
		settings := app.Settings()
		if settings.Logs.MaxDays != before {
			return nil
		}
		settings.Logs.MaxDays = after
		return app.Save(settings)
	}
}
