package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The index on the messages of the request log is never used to search in them, and
// costs every request more than the rest of its row: paths with ids come in no order.
func init() {
	pocketbase.Register(
		func(app core.App) error {
			_, err := app.AuxDB().NewQuery("DROP INDEX IF EXISTS idx_logs_message").Execute()
			return err
		},
		func(app core.App) error {
			_, err := app.AuxDB().NewQuery("CREATE INDEX IF NOT EXISTS idx_logs_message ON {{_logs}} ([[message]])").Execute()
			return err
		},
	)
}
