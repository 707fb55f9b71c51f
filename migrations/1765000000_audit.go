package migrations

import (
	"errors"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
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

// auditView is what superusers read in the dashboard, and its columns in the order
// in which they are shown.
var auditView = func() string {
	columns := []string{"l.id AS id"}
	for _, name := range []string{
		"recorded_at", "action", "outcome", "agent_type", "agent", "door", "collection", "records", "patient", "fields", "detail",
		"address", "token", "request_id", "chain", "seq",
	} {
		value, kind := "json_extract(l.event, '$."+name+"')", "TEXT"
		switch name {
		case "records":
			value = "COALESCE(s.records, " + value + ")"
		case "seq":
			kind = "INTEGER"
		}
		columns = append(columns, "CAST("+value+" AS "+kind+") AS "+name)
	}
	return "SELECT\n\t" + strings.Join(append(columns, "l.hash AS hash"), ",\n\t") +
		"\nFROM audit_log l LEFT JOIN audit_record_sets s ON s.id = l.subject"
}()

func auditUp(app core.App) error {
	if err := execute(app, auditTables...); err != nil {
		return err
	}
	events := core.NewViewCollection(collections.AuditEvents)
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
	if err := drop(collections.AuditEvents)(app); err != nil {
		return err
	}
	for _, table := range []string{"audit_log", "audit_record_sets", "audit_chains"} {
		if _, err := app.DB().DropTable(table).Execute(); err != nil {
			return err
		}
	}
	return nil
}
