package monitoring

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

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
			return e.JSON(http.StatusOK, health{Status: "ok"})
		}).Bind(apis.SkipSuccessActivityLog())
		e.Router.GET("/readyz", func(e *core.RequestEvent) error {
			if reason := unavailableReason(e); reason != "" {
				return e.JSON(http.StatusServiceUnavailable, health{Status: "unavailable", Reason: reason})
			}
			return e.JSON(http.StatusOK, health{Status: "ok", Reason: warning(e)})
		})
		return e.Next()
	})
}

// unavailableReason returns why requests would fail; empty if they would not.
func unavailableReason(e *core.RequestEvent) string {
	ctx, cancel := context.WithTimeout(e.Request.Context(), databaseTimeout)
	defer cancel()
	var migrations int
	err := e.App.ConcurrentDB().Select("count(*)").From(core.DefaultMigrationsTable).WithContext(ctx).Row(&migrations)
	switch {
	case err != nil:
		e.App.Logger().Warn("not ready", "error", err)
		return "The database does not answer."
	case migrations == 0:
		return "The migrations are not done."
	case sqlite.FilesLost(e.App) != nil:
		return "The database files were removed or replaced."
	case e.App.Store().Has(corruptKey):
		return "The database is malformed."
	case audit.Of(e.App).State().Failure != nil:
		return "The audit trail cannot be written."
	}
	if err := collections.Check(ctx, e.App); err != nil {
		e.App.Logger().Warn("not ready", "error", err)
		return "The schema is broken."
	}
	if err := tryWrite(ctx, e.App); dberror.IsUnwritable(err) {
		e.App.Logger().Warn("not ready", "error", err)
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
func warning(e *core.RequestEvent) string {
	if replica, configured := backup.ReplicaOf(e.App); configured && replica.Failure != nil {
		return "The replica does not follow."
	}
	ctx, cancel := context.WithTimeout(e.Request.Context(), databaseTimeout)
	defer cancel()
	state, err := deletion.StateOf(ctx, e.App)
	switch {
	case err != nil:
		e.App.Logger().Warn("failed to read how much is left of deleted records", "error", err)
	case state.Uncounted > 0:
		return fmt.Sprintf("Deleted records that others belong to: %d. Those others are being counted and removed.", state.Deletions)
	case state.Deletions > 0:
		return fmt.Sprintf("Deleted records that others belong to: %d. Those others are being removed: %d left.", state.Deletions, state.Records)
	}
	return ""
}
