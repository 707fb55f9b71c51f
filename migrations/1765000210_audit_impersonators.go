package migrations

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(setAuditView(auditViewWithImpersonator), setAuditView(auditView))
}

// auditViewWithImpersonator has the superuser who acted as the agent after the
// agent. Events without one have no such key.
var auditViewWithImpersonator = strings.Replace(auditView, " AS agent,", " AS agent,\n\tCAST(COALESCE(json_extract(l.event, '$.impersonator'), '') AS TEXT) AS impersonator,", 1)

func setAuditView(query string) func(core.App) error {
	return func(app core.App) error {
		events, err := app.FindCollectionByNameOrId(collections.AuditEvents)
		if err != nil {
			return err
		}
		events.ViewQuery = query
		return app.Save(events)
	}
}
