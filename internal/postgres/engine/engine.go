// Package engine adapts a PocketBase app to PostgreSQL. It is separate from
// package postgres, so that the driver does not depend on PocketBase's app.
package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/postgres"
)

// Bind lets writers run concurrently and reads use a replica once the app serves, writes numbers of JSON
// fields as SQLite does, and refuses PocketBase's backups, which copy SQLite files.
func Bind(app core.App, database *postgres.Database) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		return database.AllowConcurrentWriters(e.App.NonconcurrentDB(), e.App.AuxNonconcurrentDB())
	})
	if replica := database.Replica(); replica != nil {
		app.OnServe().BindFunc(func(e *core.ServeEvent) error {
			watch(e.App, replica)
			return e.Next()
		})
	}
	app.OnRecordCreateExecute().BindFunc(writeNumbers)
	app.OnRecordUpdateExecute().BindFunc(writeNumbers)
	app.OnBackupCreate().BindFunc(refuseBackup)
	app.OnBackupRestore().BindFunc(refuseBackup)
}

// watch has reads use the replica whenever it has caught up, until the app ends.
func watch(app core.App, replica *postgres.Replica) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		replica.Watch(ctx)
	}()
	end := sync.OnceValue(func() error {
		cancel()
		<-ended
		return replica.Close()
	})
	app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error { return errors.Join(e.Next(), end()) })
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
