package hooks

import (
	"database/sql"
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// bindAccountRows keeps what PocketBase stores about an account from being stored at the
// same time as the account is deleted: it has no relation to it, and would stay.
func bindAccountRows(app core.App) {
	app.OnRecordCreate(
		core.CollectionNameOTPs, core.CollectionNameMFAs, core.CollectionNameAuthOrigins, core.CollectionNameExternalAuths,
	).BindFunc(func(e *core.RecordEvent) error {
		return audit.InTransaction(&e.App, func() error {
			// PostgreSQL keeps the account as it is until the transaction ends. PocketBase
			// refuses the row if there is none.
			_, err := e.App.FindRecordById(e.Record.GetString("collectionRef"), e.Record.GetString("recordRef"))
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			return e.Next()
		})
	})
}
