package monitoring

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/sync/singleflight"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/deletion"
	"carebase/internal/sqlite"
)

// databaseTimeout limits the database access of a readiness check.
const databaseTimeout = 2 * time.Second

// health is the response of both endpoints. Reason is for people and discloses
// nothing about the stored data or its location.
type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// bindHealth adds the liveness check /healthz and the readiness check /readyz,
// which responds with 503 while requests would fail. The server does not listen
// before the migrations are done. Both endpoints are polled, so only failures
// are stored in the request log.
func bindHealth(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/healthz", func(e *core.RequestEvent) error {
			return e.JSON(http.StatusOK, health{Status: isReady})
		}).Bind(apis.SkipSuccessActivityLog())
		var checks singleflight.Group // anybody may ask, and each check writes
		e.Router.GET("/readyz", func(r *core.RequestEvent) error {
			found, _, _ := checks.Do("", func() (any, error) { return check(e.App), nil })
			status := http.StatusOK
			if found.(health).Status != isReady {
				status = http.StatusServiceUnavailable
			}
			return r.JSON(status, found)
		})
		return e.Next()
	})
}

// isReady is the status of health while requests succeed.
const isReady = "ok"

// check checks whether requests would succeed. It does not end with a request: others may
// wait for the same check.
func check(app core.App) health {
	if reason := unavailableReason(app); reason != "" {
		return health{Status: "unavailable", Reason: reason}
	}
	return health{Status: isReady, Reason: warning(app)}
}

// unavailableReason returns why requests would fail; empty if they would not.
func unavailableReason(app core.App) string {
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	var migrations int
	err := app.ConcurrentDB().Select("count(*)").From(core.DefaultMigrationsTable).WithContext(ctx).Row(&migrations)
	switch {
	case err != nil:
		app.Logger().Warn("not ready", "error", err)
		return "The database does not answer."
	case migrations == 0:
		return "The migrations are not done."
	case sqlite.FilesLost(app) != nil:
		return "The database files were removed or replaced."
	case app.Store().Has(corruptKey):
		return "The database is malformed."
	case audit.Of(app).State().Failure != nil:
		return "The audit trail cannot be written."
	}
	if err := collections.Check(ctx, app); err != nil {
		app.Logger().Warn("not ready", "error", err)
		return "The schema is broken."
	}
	if err := tryWrite(ctx, app); dberror.IsUnwritable(err) {
		app.Logger().Warn("not ready", "error", err)
		return "The database cannot be written."
	}
	return ""
}

// corruptKey is set in an app's store once its database is known to be
// malformed.
const corruptKey = "carebase.monitoring.corrupt"

// ObserveDatabase marks the database as malformed, until the process ends, if a
// statement's error says so. SQLite reads only the pages that a statement
// needs, so other statements may still succeed.
func ObserveDatabase(app core.App, err error) {
	if dberror.IsCorrupt(err) {
		app.Store().Set(corruptKey, true)
	}
}

// tryWrite makes a write that changes nothing. Its error may also mean that the
// writer is busy.
func tryWrite(ctx context.Context, app core.App) error {
	_, err := app.NonconcurrentDB().NewQuery("UPDATE {{_params}} SET [[updated]] = [[updated]] WHERE [[id]] = 'settings'").WithContext(ctx).Execute()
	return err
}

// warning returns what operators should know although requests succeed; empty if
// there is nothing.
func warning(app core.App) string {
	if replica, configured := backup.ReplicaOf(app); configured && replica.Failure != nil {
		return "The replica does not follow."
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	state, err := deletion.StateOf(ctx, app)
	switch {
	case err != nil:
		app.Logger().Warn("failed to read how much is left of deleted records", "error", err)
	case state.Deletions > 0:
		return ofDeletions(state)
	}
	return ""
}

func ofDeletions(state deletion.State) string {
	text := fmt.Sprintf("Deleted records that others belong to: %d. Those others are being ", state.Deletions)
	if state.Uncounted > 0 {
		text += "counted and removed."
	} else {
		text += fmt.Sprintf("removed: %d left.", state.Records)
	}
	if state.Fails {
		text += " That fails: see the log."
	}
	return text
}
