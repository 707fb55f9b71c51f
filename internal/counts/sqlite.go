package counts

var sqliteTable = []string{`CREATE TABLE record_counts (
	source TEXT NOT NULL,
	owner  TEXT NOT NULL,
	kind   TEXT NOT NULL,
	bucket TEXT NOT NULL,
	number INTEGER NOT NULL,
	PRIMARY KEY (source, owner, kind, bucket)
) WITHOUT ROWID`}

// upsert ends a statement that changes counts.
const upsert = " ON CONFLICT (source, owner, kind, bucket) DO UPDATE SET number = number + excluded.number"

// sqliteStatements count one record at a time: SQLite has one writer, so nobody waits
// for a count.
var sqliteStatements = []string{
	"CREATE TRIGGER record_counts_${table}_insert AFTER INSERT ON $table BEGIN INSERT INTO record_counts VALUES $new" + upsert + "; END",
	`CREATE TRIGGER record_counts_${table}_delete AFTER DELETE ON $table BEGIN
		INSERT INTO record_counts VALUES $old` + upsert + `;
	END`,
	`CREATE TRIGGER record_counts_${table}_update AFTER UPDATE OF $columns ON $table WHEN $changed BEGIN
		INSERT INTO record_counts VALUES $old` + upsert + `;
		INSERT INTO record_counts VALUES $new` + upsert + `;
	END`,
	"INSERT INTO record_counts $all",
}

var sqliteRemovals = []string{
	"DROP TRIGGER IF EXISTS record_counts_${table}_insert", "DROP TRIGGER IF EXISTS record_counts_${table}_delete",
	"DROP TRIGGER IF EXISTS record_counts_${table}_update",
}
