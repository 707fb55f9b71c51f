package search

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
)

// Index is the search index of a table. Rows are found by their owner.
type Index struct {
	Table string
	// Owner is the column of a row's owner.
	Owner string
	// Fields are the columns that are searched.
	Fields []string
	// Shared makes the rows of all owners be found together, too.
	Shared bool
}

// Ensure creates the index and fills it with the table's rows, unless it exists, or
// the table does not yet: a later migration may create that.
func (i Index) Ensure(ctx context.Context, db dbx.Builder) error {
	if found, err := exists(ctx, db, i.Table); err != nil || !found {
		return err
	}
	if found, err := exists(ctx, db, i.name()); err != nil || found {
		return err
	}
	return i.define(ctx, db, sqliteDefinitions, i.postgresDefinitions())
}

func exists(ctx context.Context, db dbx.Builder, name string) (bool, error) {
	var found int
	err := db.NewQuery("SELECT count(*) FROM sqlite_master WHERE name = {:name}").Bind(dbx.Params{"name": name}).WithContext(ctx).Row(&found)
	return found > 0, err
}

// Renew brings the index up to date, and defines again how it is kept, if there is one: a
// later migration may create the table.
func (i Index) Renew(ctx context.Context, db dbx.Builder) error {
	if found, err := exists(ctx, db, i.name()); err != nil || !found {
		return err
	}
	return i.define(ctx, db, slices.Concat(flush(""), sqlitePendingRemovals, sqlitePending), i.postgresEach("ALTER INDEX ", " SET "+fewPendingOnPostgreSQL))
}

// Distinguish brings the index up to date, and has it kept as by versions that read pending
// rows as often as they are there, and leave it to the writers to keep it.
func (i Index) Distinguish(ctx context.Context, db dbx.Builder) error {
	if found, err := exists(ctx, db, i.name()); err != nil || !found {
		return err
	}
	return i.define(ctx, db, append(flush(""),
		"CREATE UNIQUE INDEX ${index}_pending_record ON ${index}_pending (record)",
		"DROP TRIGGER ${index}_flush",
		"CREATE TRIGGER ${index}_flush AFTER INSERT ON ${index}_pending WHEN new.number >= 128 BEGIN "+strings.Join(flush(""), "; ")+"; END",
		"INSERT INTO $index ($index, rank) VALUES ('automerge', 4)",
	), i.postgresEach("ALTER INDEX ", " RESET (gin_pending_list_limit)"))
}

// Drop removes the index. It succeeds if there is none.
func (i Index) Drop(ctx context.Context, db dbx.Builder) error {
	return i.define(ctx, db, sqliteRemovals, postgresRemovals)
}

func (i Index) define(ctx context.Context, db dbx.Builder, onSQLite, onPostgreSQL []string) error {
	return postgres.Define(ctx, db, i.replaceAll(onSQLite), i.replaceAll(onPostgreSQL))
}

func (i Index) replaceAll(statements []string) []string {
	replaced := make([]string, len(statements))
	for n, statement := range statements {
		replaced[n] = i.replace(statement)
	}
	return replaced
}

// replace puts the parts of the index into a statement.
func (i Index) replace(statement string) string { return os.Expand(statement, i.part) }

// part returns a part of a statement by its name.
func (i Index) part(name string) string {
	switch name {
	case "table":
		return i.Table
	case "index":
		return i.name()
	case "owner":
		return i.Owner
	case "fields":
		return i.fields("")
	case "new":
		return i.fields("new.")
	case "changed":
		changed := []string{"old." + i.Owner + " IS NOT new." + i.Owner}
		for _, field := range i.Fields {
			changed = append(changed, "old."+field+" IS NOT new."+field)
		}
		return strings.Join(changed, " OR ")
	case "grams":
		grams := "search_grams(source." + i.Owner + ", " + i.fields("source.") + ")"
		if i.Shared {
			grams += " || ' ' || search_grams('', " + i.fields("source.") + ")"
		}
		return grams
	}
	return ""
}

func (i Index) name() string { return i.Table + "_search" }

// Owns reports whether a table belongs to the index.
func (i Index) Owns(table string) bool {
	return table == i.name() || strings.HasPrefix(table, i.name()+"_")
}

// fields returns the list of fields, each with a prefix.
func (i Index) fields(prefix string) string { return prefix + strings.Join(i.Fields, ", "+prefix) }

// module is how the FTS5 table of an index is defined.
const module = "USING fts5(grams, content='', contentless_delete=1, tokenize='ascii')"

// IsIndex reports whether an object of SQLite's catalog with this definition is a
// search index. The names of its other parts begin with its own and an underscore.
func IsIndex(definition string) bool {
	return strings.HasPrefix(definition, "CREATE VIRTUAL TABLE ") && strings.HasSuffix(definition, module)
}

// sqliteDefinitions create an index of the rows that are there, and keep it.
var sqliteDefinitions = slices.Concat([]string{
	"CREATE VIRTUAL TABLE $index " + module,
	"INSERT INTO $index (rowid, grams) SELECT source._rowid_, $grams FROM $table AS source",
	"INSERT INTO $index ($index) VALUES ('optimize')",
}, sqlitePending)

// sqlitePending keep the rows that change in a table, which are searched without the index
// until Keep brings them there: whoever writes would pay for it, and all other writers wait
// meanwhile. A row counts once, and once more for each 256 bytes of it. Where Keep does not
// follow, each write pays for one row. FTS5 merges when it is told to, for the same reason.
// A table's row ids stay what they are as long as it has a primary key, and no field can
// have the name _rowid_.
var sqlitePending = []string{
	"CREATE TABLE ${index}_pending (number INTEGER PRIMARY KEY, record INTEGER NOT NULL)",
	"CREATE TRIGGER ${index}_insert AFTER INSERT ON $table BEGIN " + addPending + "octet_length(concat($new)) / 256, new._rowid_); END",
	"CREATE TRIGGER ${index}_update AFTER UPDATE OF $owner, $fields ON $table WHEN $changed BEGIN " + addPending + "octet_length(concat($new)) / 256, new._rowid_); END",
	"CREATE TRIGGER ${index}_delete AFTER DELETE ON $table BEGIN " + addPending + "0, old._rowid_); END",
	"CREATE TRIGGER ${index}_flush AFTER INSERT ON ${index}_pending WHEN new.number - (SELECT min(number) FROM ${index}_pending) >= " + strconv.Itoa(mostPending) + " BEGIN " +
		strings.Join(flush(oldest+"1"), "; ") + "; END",
	"INSERT INTO $index ($index, rank) VALUES ('automerge', 0)",
}

const (
	addPending = "INSERT OR IGNORE INTO ${index}_pending (number, record) VALUES (coalesce((SELECT max(number) FROM ${index}_pending), 0) + 1 + "
	// oldest is the condition of the first pending row, and of the next that count as much
	// as a number after it.
	oldest = " WHERE number <= (SELECT min(number) FROM ${index}_pending) + "
	// mostPending is by how much pending rows count at most, about.
	mostPending = 1 << 20
	// fewPending is by how much they count before Keep does anything: one row at a time
	// costs four times as much as many.
	fewPending = 128
)

// flush returns the statements that bring pending rows into the index, of a condition.
func flush(where string) []string {
	return []string{
		"DELETE FROM $index WHERE rowid IN (SELECT record FROM ${index}_pending" + where + ")",
		`INSERT INTO $index (rowid, grams) SELECT source._rowid_, $grams
			FROM (SELECT DISTINCT record FROM ${index}_pending` + where + ") AS changed JOIN $table AS source ON source._rowid_ = changed.record",
		"DELETE FROM ${index}_pending" + where,
	}
}

// sqlitePendingRemovals remove what keeps an index, the last with its own trigger.
var sqlitePendingRemovals = []string{
	"DROP TRIGGER IF EXISTS ${index}_insert", "DROP TRIGGER IF EXISTS ${index}_update", "DROP TRIGGER IF EXISTS ${index}_delete",
	"DROP TABLE IF EXISTS ${index}_pending",
}

var sqliteRemovals = append(slices.Clip(sqlitePendingRemovals), "DROP TABLE IF EXISTS $index")

// fewPendingOnPostgreSQL bounds in kB what PostgreSQL has not sorted into an index yet:
// whoever exceeds it sorts all of it, which took seconds with its own bound of 4 MB.
const fewPendingOnPostgreSQL = "(gin_pending_list_limit = 256)"

// postgresDefinitions create indexes over expressions, which PostgreSQL keeps.
func (i Index) postgresDefinitions() []string {
	definitions := []string{"CREATE INDEX $index ON $table USING gin (sqlite.search_grams($owner, $fields)) WITH " + fewPendingOnPostgreSQL}
	if i.Shared {
		definitions = append(definitions, "CREATE INDEX ${index}_shared ON $table USING gin (sqlite.search_grams('', $fields)) WITH "+fewPendingOnPostgreSQL)
	}
	return definitions
}

// postgresEach returns a statement for each index on PostgreSQL.
func (i Index) postgresEach(before, after string) []string {
	statements := []string{before + "$index" + after}
	if i.Shared {
		statements = append(statements, before+"${index}_shared"+after)
	}
	return statements
}

var postgresRemovals = []string{"DROP INDEX IF EXISTS $index", "DROP INDEX IF EXISTS ${index}_shared"}
