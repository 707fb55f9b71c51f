package monitoring

import (
	"context"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/backup"
)

// databaseTimeout is how long the database may take to answer.
const databaseTimeout = 2 * time.Second

// health is the answer of both endpoints; Reason is for people, and tells
// nothing about what is stored or where.
type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// bindHealth adds /healthz, which answers as long as the process does, and
// /readyz, which answers 503 while requests would fail. The server does not answer
// before the migrations are done. Both are asked all the time, so that only what
// they complain about is stored.
func bindHealth(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/healthz", func(e *core.RequestEvent) error {
			return e.JSON(http.StatusOK, health{Status: "ok"})
		}).Bind(apis.SkipSuccessActivityLog())
		e.Router.GET("/readyz", func(e *core.RequestEvent) error {
			if reason := obstacle(e); reason != "" {
				return e.JSON(http.StatusServiceUnavailable, health{Status: "unavailable", Reason: reason})
			}
			return e.JSON(http.StatusOK, health{Status: "ok", Reason: worry(e.App)})
		})
		return e.Next()
	})
}

// obstacle is why requests would fail, empty if they would not.
func obstacle(e *core.RequestEvent) string {
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
	case audit.Of(e.App).State().Failure != nil:
		return "The audit trail cannot be written."
	}
	return ""
}

// worry is what somebody has to look at although requests succeed.
func worry(app core.App) string {
	if replica, configured := backup.ReplicaOf(app); configured && replica.Failure != nil {
		return "The replica does not follow."
	}
	return ""
}
