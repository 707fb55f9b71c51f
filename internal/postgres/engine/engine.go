// Package engine adapts a PocketBase app to PostgreSQL. It is separate from
// package postgres, so that the driver does not depend on PocketBase's app.
package engine

import (
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/postgres"
)

// Bind lets writers run concurrently once the app serves, writes numbers of JSON
// fields as SQLite does, and refuses PocketBase's backups, which copy SQLite files.
func Bind(app core.App, database *postgres.Database) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		return database.AllowConcurrentWriters(e.App.NonconcurrentDB(), e.App.AuxNonconcurrentDB())
	})
	app.OnRecordCreateExecute().BindFunc(writeNumbers)
	app.OnRecordUpdateExecute().BindFunc(writeNumbers)
	app.OnBackupCreate().BindFunc(refuseBackup)
	app.OnBackupRestore().BindFunc(refuseBackup)
}

var errBackup = apis.NewBadRequestError("The data is in PostgreSQL: back it up with pg_dump, and the uploaded files separately.", nil)

// refuseBackup refuses backups by the schedule and by code.
func refuseBackup(*core.BackupEvent) error { return errBackup }

// RefuseBackups is the middleware that gives superusers the reason for every
// request of the backups API.
func RefuseBackups(e *core.RequestEvent) error {
	if endpoint.IsBelow(e.Request, "/api/backups") && fromSuperuser(e) {
		return errBackup
	}
	return e.Next()
}

// fromSuperuser reports whether a superuser sent the request. A download has a
// file token in its URL.
func fromSuperuser(e *core.RequestEvent) bool {
	if e.HasSuperuserAuth() {
		return true
	}
	superuser, err := e.App.FindAuthRecordByToken(e.Request.URL.Query().Get("token"), core.TokenTypeFile)
	return err == nil && superuser.IsSuperuser()
}
