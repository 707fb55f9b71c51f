// Package engine binds a PostgreSQL database to the life of a PocketBase app.
// It stands beside package postgres so that the driver itself needs nothing of
// PocketBase.
package engine

import (
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/postgres"
)

// Bind lets writers run side by side once the server is set up, and answers
// PocketBase's backup screens, which copy SQLite files.
func Bind(app core.App, database *postgres.Database) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		return database.RunWritersSideBySide(e.App.NonconcurrentDB(), e.App.AuxNonconcurrentDB())
	})
	app.OnBackupCreate().BindFunc(refuseBackup)
	app.OnBackupRestore().BindFunc(refuseBackup)
}

func refuseBackup(*core.BackupEvent) error {
	return apis.NewBadRequestError("The data is in PostgreSQL: back it up with pg_dump, and the files of storage/ beside it.", nil)
}
