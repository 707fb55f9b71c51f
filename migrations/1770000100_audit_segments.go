package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// Old audit events are sealed: many of them are one compressed content, and a row that
// says what is in it. The content has a table of its own, so that nobody reads past it.
func init() {
	pocketbase.Register(auditSegmentsUp, auditSegmentsDown)
}

var segmentTables = []string{
	`CREATE TABLE audit_segments (
		number      INTEGER PRIMARY KEY NOT NULL,
		chain       TEXT NOT NULL,
		first_seq   INTEGER NOT NULL,
		first_id    TEXT NOT NULL,
		last_id     TEXT NOT NULL,
		first_at    TEXT NOT NULL,
		last_at     TEXT NOT NULL,
		events      INTEGER NOT NULL,
		before_hash TEXT NOT NULL,
		last_hash   TEXT NOT NULL
	)`,
	"CREATE UNIQUE INDEX idx_audit_segments_chain ON audit_segments (chain, first_seq)",
	"CREATE INDEX idx_audit_segments_last ON audit_segments (last_id)",
	"CREATE INDEX idx_audit_segments_time ON audit_segments (last_at)",
	`CREATE TABLE audit_segment_contents (
		segment INTEGER PRIMARY KEY NOT NULL,
		content BLOB NOT NULL
	)`,
	`CREATE TABLE audit_segment_subjects (
		subject TEXT NOT NULL,
		segment INTEGER NOT NULL,
		events  INTEGER NOT NULL,
		PRIMARY KEY (subject, segment)
	)`,
	`CREATE TABLE audit_segment_agents (
		agent   TEXT NOT NULL,
		segment INTEGER NOT NULL,
		events  INTEGER NOT NULL,
		PRIMARY KEY (agent, segment)
	)`,
}

func auditSegmentsUp(app core.App) error { return execute(app, segmentTables...) }

// auditSegmentsDown refuses to lose events.
func auditSegmentsDown(app core.App) error {
	var segments int
	if err := app.DB().Select("count(*)").From("audit_segments").Row(&segments); err != nil {
		return err
	}
	if segments > 0 {
		return errors.New("the audit trail has sealed events, which an earlier version cannot read")
	}
	for _, table := range []string{"audit_segments", "audit_segment_contents", "audit_segment_subjects", "audit_segment_agents"} {
		if _, err := app.DB().DropTable(table).Execute(); err != nil {
			return err
		}
	}
	return nil
}
