package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

func init() {
	pocketbase.Register(auditUp, auditDown)
}

// auditTables are tables, not collections, so that no door of PocketBase writes
// to them. An event is the text that its hash is of; the subject is what it is
// found by: a patient's id, or that of a set of records.
var auditTables = []string{
	`CREATE TABLE audit_log (
		id      TEXT PRIMARY KEY NOT NULL,
		subject TEXT DEFAULT '' NOT NULL,
		hash    TEXT NOT NULL,
		event   TEXT NOT NULL
	)`,
	`CREATE INDEX idx_audit_log_subject ON audit_log (subject, id)`,
	`CREATE TABLE audit_record_sets (
		id       TEXT PRIMARY KEY NOT NULL,
		day      TEXT NOT NULL,
		owner    TEXT DEFAULT '' NOT NULL,
		records  TEXT NOT NULL,
		patients TEXT DEFAULT '' NOT NULL
	)`,
	`CREATE INDEX idx_audit_record_sets_owner ON audit_record_sets (owner)`,
	`CREATE INDEX idx_audit_record_sets_day ON audit_record_sets (day)`,
	`CREATE TABLE audit_chains (
		id              TEXT PRIMARY KEY NOT NULL,
		started_at      TEXT NOT NULL,
		parent          TEXT DEFAULT '' NOT NULL,
		parent_seq      INTEGER DEFAULT 0 NOT NULL,
		parent_hash     TEXT DEFAULT '' NOT NULL,
		seq             INTEGER DEFAULT 0 NOT NULL,
		hash            TEXT NOT NULL,
		checkpoint_seq  INTEGER DEFAULT 0 NOT NULL,
		checkpoint_hash TEXT NOT NULL
	)`,
}

// auditView is what superusers read in the dashboard.
const auditView = `SELECT
	l.id AS id,
	CAST(json_extract(l.event, '$.recorded_at') AS TEXT) AS recorded_at,
	CAST(json_extract(l.event, '$.action') AS TEXT) AS action,
	CAST(json_extract(l.event, '$.outcome') AS TEXT) AS outcome,
	CAST(json_extract(l.event, '$.agent_type') AS TEXT) AS agent_type,
	CAST(json_extract(l.event, '$.agent') AS TEXT) AS agent,
	CAST(json_extract(l.event, '$.door') AS TEXT) AS door,
	CAST(json_extract(l.event, '$.collection') AS TEXT) AS collection,
	CAST(COALESCE(s.records, json_extract(l.event, '$.records')) AS TEXT) AS records,
	CAST(json_extract(l.event, '$.patient') AS TEXT) AS patient,
	CAST(json_extract(l.event, '$.fields') AS TEXT) AS fields,
	CAST(json_extract(l.event, '$.detail') AS TEXT) AS detail,
	CAST(json_extract(l.event, '$.address') AS TEXT) AS address,
	CAST(json_extract(l.event, '$.token') AS TEXT) AS token,
	CAST(json_extract(l.event, '$.request_id') AS TEXT) AS request_id,
	CAST(json_extract(l.event, '$.chain') AS TEXT) AS chain,
	CAST(json_extract(l.event, '$.seq') AS INTEGER) AS seq,
	l.hash AS hash
FROM audit_log l LEFT JOIN audit_record_sets s ON s.id = l.subject`

func auditUp(app core.App) error {
	for _, definition := range auditTables {
		if _, err := app.DB().NewQuery(definition).Execute(); err != nil {
			return err
		}
	}
	events := core.NewViewCollection(AuditEvents)
	events.ViewQuery = auditView
	return save(app, events)
}

// auditDown refuses to lose events.
func auditDown(app core.App) error {
	var events int
	if err := app.DB().Select("count(*)").From("audit_log").Row(&events); err != nil {
		return err
	}
	if events > 0 {
		return errors.New("the audit trail has events, which nothing deletes before their time")
	}
	if err := drop(AuditEvents)(app); err != nil {
		return err
	}
	for _, table := range []string{"audit_log", "audit_record_sets", "audit_chains"} {
		if _, err := app.DB().DropTable(table).Execute(); err != nil {
			return err
		}
	}
	return nil
}
