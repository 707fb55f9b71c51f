package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The subjects of audit events that come together are one list. Their rows have no
// subject, and the index leaves them out: it was most of what an event cost on SQLite.
func init() {
	pocketbase.Register(auditLogSubjectsUp, auditLogSubjectsDown)
}

const createListedSubjects = "CREATE TABLE audit_log_subjects (last_id TEXT PRIMARY KEY NOT NULL, first_id TEXT NOT NULL, subjects TEXT NOT NULL)"

func auditLogSubjectsUp(app core.App) error {
	return execute(app,
		createListedSubjects,
		"DROP INDEX idx_audit_log_subject",
		"CREATE INDEX idx_audit_log_subject ON audit_log (subject, id) WHERE subject <> ''",
	)
}

// auditLogSubjectsDown refuses to leave events that an earlier version does not find.
func auditLogSubjectsDown(app core.App) error {
	var lists int
	if err := app.DB().Select("count(*)").From("audit_log_subjects").Row(&lists); err != nil {
		return err
	}
	if lists > 0 {
		return errors.New("the audit trail has events whose subjects are listed, which an earlier version does not find: 'carebase audit seal' seals them")
	}
	return execute(app,
		"DROP INDEX idx_audit_log_subject",
		"CREATE INDEX idx_audit_log_subject ON audit_log (subject, id)",
		"DROP TABLE audit_log_subjects",
	)
}
