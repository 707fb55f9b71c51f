package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// Audit events that come in numbers are sealed at once. What they are looked up by is a list
// at first, which goes into the index later, with others. The lists of rows are not needed
// any more: the rows get their subjects back. With many segments, those that are archived
// have an index.
func init() {
	pocketbase.Register(auditSegmentListsUp, auditSegmentListsDown)
}

func auditSegmentListsUp(app core.App) error {
	return execute(app,
		`CREATE TABLE audit_segment_lists (
			segment  INTEGER PRIMARY KEY NOT NULL,
			patients TEXT NOT NULL,
			sets     TEXT NOT NULL,
			agents   TEXT NOT NULL
		)`,
		`UPDATE audit_log SET subject = json_extract(event, '$.patient') WHERE subject = '' AND id >= (SELECT min(first_id) FROM audit_log_subjects)
			AND CASE WHEN json_valid(event) THEN json_extract(event, '$.patient') ELSE '' END <> ''`,
		"DROP TABLE audit_log_subjects",
		"CREATE INDEX audit_segments_archived ON audit_segments (number) WHERE object <> ''",
	)
}

// auditSegmentListsDown refuses to leave events that an earlier version does not find.
func auditSegmentListsDown(app core.App) error {
	var lists int
	if err := app.DB().Select("count(*)").From("audit_segment_lists").Row(&lists); err != nil {
		return err
	}
	if lists > 0 {
		return errors.New("the audit trail has sealed events that are listed, which an earlier version does not find: 'carebase audit seal' puts them into the index")
	}
	return execute(app, "DROP INDEX audit_segments_archived", "DROP TABLE audit_segment_lists", createListedSubjects)
}
