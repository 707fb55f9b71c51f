package changes

import "strings"

// upsert ends the statement that notes a change.
const upsert = " ON CONFLICT (patient) DO UPDATE SET owner = excluded.owner, changed_at = excluded.changed_at"

// Columns are the documented ones. An update that sets none of them has to set the id.
var Columns = []string{"name", "age", "notes", "created_by"}

// columns are named by whatever changes a patient: PocketBase sets the id with the fields
// that have changed, added ones included. A change of the collection fills the column of
// its field only, which changes no patient.
var columns = "id, " + strings.Join(Columns, ", ")

var sqliteStatements = []string{
	`CREATE TABLE patient_changes (
		patient    TEXT PRIMARY KEY NOT NULL,
		owner      TEXT NOT NULL,
		changed_at TEXT NOT NULL
	) WITHOUT ROWID`,
	"CREATE INDEX patient_changes_owner ON patient_changes (owner, changed_at)",
	`CREATE TRIGGER patient_changes_update AFTER UPDATE OF ` + columns + ` ON patients BEGIN
		INSERT INTO patient_changes VALUES (new.id, new.created_by, strftime('%Y-%m-%d %H:%M:%fZ', 'now'))` + upsert + `;
	END`,
	`CREATE TRIGGER patient_changes_delete AFTER DELETE ON patients BEGIN
		DELETE FROM patient_changes WHERE patient = old.id;
	END`,
}

var sqliteRemovals = []string{
	"DROP TRIGGER IF EXISTS patient_changes_update", "DROP TRIGGER IF EXISTS patient_changes_delete", "DROP TABLE IF EXISTS patient_changes",
}

var postgresStatements = []string{
	`CREATE TABLE patient_changes (
		patient    text COLLATE "C" PRIMARY KEY,
		owner      text COLLATE "C" NOT NULL,
		changed_at text COLLATE "C" NOT NULL
	)`,
	"CREATE INDEX patient_changes_owner ON patient_changes (owner, changed_at NULLS FIRST)", // as translated queries sort
	`CREATE FUNCTION patient_changes_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
	INSERT INTO patient_changes VALUES (new.id, new.created_by, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"'))` + upsert + `;
	RETURN NULL;
END $body$`,
	`CREATE FUNCTION patient_changes_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
	DELETE FROM patient_changes WHERE patient IN (SELECT id FROM removed);
	RETURN NULL;
END $body$`,
	"CREATE TRIGGER patient_changes_update AFTER UPDATE OF " + columns + " ON patients FOR EACH ROW EXECUTE FUNCTION patient_changes_update()",
	"CREATE TRIGGER patient_changes_delete AFTER DELETE ON patients REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION patient_changes_delete()",
}

var postgresRemovals = []string{
	"DROP TRIGGER IF EXISTS patient_changes_update ON patients", "DROP TRIGGER IF EXISTS patient_changes_delete ON patients",
	"DROP FUNCTION IF EXISTS patient_changes_update", "DROP FUNCTION IF EXISTS patient_changes_delete", "DROP TABLE IF EXISTS patient_changes",
}
