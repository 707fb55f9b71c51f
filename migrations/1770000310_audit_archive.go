package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// Old segments move to the archive, under the name in "object". What pruning leaves
// there is removed later, when the archive answers.
func init() {
	pocketbase.Register(auditArchiveUp, auditArchiveDown)
}

func auditArchiveUp(app core.App) error {
	return execute(app,
		"ALTER TABLE audit_segments ADD COLUMN object TEXT NOT NULL DEFAULT ''",
		"CREATE TABLE audit_archive_removals (object TEXT PRIMARY KEY NOT NULL)",
	)
}

// auditArchiveDown refuses to forget where events are.
func auditArchiveDown(app core.App) error {
	var archived int
	if err := app.DB().NewQuery("SELECT count(*) FROM audit_segments WHERE object <> ''").Row(&archived); err != nil {
		return err
	}
	if archived > 0 {
		return errors.New("the audit trail has archived events, which an earlier version cannot read")
	}
	if _, err := app.DB().DropTable("audit_archive_removals").Execute(); err != nil {
		return err
	}
	_, err := app.DB().DropColumn("audit_segments", "object").Execute()
	return err
}
