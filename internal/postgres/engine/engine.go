// Package engine binds a PostgreSQL database to the life of a PocketBase app.
// It stands beside package postgres so that the driver itself needs nothing of
// PocketBase.
package engine

import (
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/postgres"
)

// Bind lets writers run side by side once the server is set up, and refuses
// PocketBase's backups, which copy SQLite files.
func Bind(app core.App, database *postgres.Database) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.BindFunc(refuseBackupRequest)
		if err := e.Next(); err != nil {
			return err
		}
		return database.AllowConcurrentWriters(e.App.NonconcurrentDB(), e.App.AuxNonconcurrentDB())
	})
	app.OnBackupCreate().BindFunc(refuseBackup)
	app.OnBackupRestore().BindFunc(refuseBackup)
}

var errBackup = apis.NewBadRequestError("The data is in PostgreSQL: back it up with pg_dump, and uploaded files beside it.", nil)

// refuseBackup refuses the backups of the schedule and of code.
func refuseBackup(*core.BackupEvent) error { return errBackup }

// refuseBackupRequest tells the dashboard why, whatever it asks for.
func refuseBackupRequest(e *core.RequestEvent) error {
	if strings.HasPrefix(e.Request.URL.Path, "/api/backups") && fromSuperuser(e) {
		return errBackup
	}
	return e.Next()
}

// fromSuperuser knows a download, too, which comes with a token in its URL.
func fromSuperuser(e *core.RequestEvent) bool {
	if e.HasSuperuserAuth() {
		return true
	}
	superuser, err := e.App.FindAuthRecordByToken(e.Request.URL.Query().Get("token"), core.TokenTypeFile)
	return err == nil && superuser.IsSuperuser()
}
