// Package counts keeps the numbers of records that the overview shows, by owner and
// by what they are counted by. Triggers change them in the transaction that changes a
// record, whichever door it came through.
package counts

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
)

// Table is the table of the counts. A count is the sum of the numbers of a source, an
// owner, a kind and a bucket.
const Table = "record_counts"

// Everybody is the owner of the counts of all owners' records together.
const Everybody = ""

// Counter counts the records of a table by their owner, once in each kind.
type Counter struct {
	Table string
	// Owner is the column of a record's owner.
	Owner string
	// Shared makes the records of all owners be counted together, too.
	Shared bool
	Kinds  []Kind
}

// Kind is what records are counted by.
type Kind struct {
	Name string
	// Columns are the columns that Bucket depends on.
	Columns []string
	// Bucket is the expression of the bucket that a record is counted in, with $row
	// for the record. Both databases understand it.
	Bucket string
}

// Ensure creates and fills the table of the counts with their triggers, unless it
// exists.
func Ensure(ctx context.Context, db dbx.Builder, counters []Counter) error {
	var found int
	err := db.NewQuery("SELECT count(*) FROM sqlite_master WHERE name = {:name}").Bind(dbx.Params{"name": Table}).WithContext(ctx).Row(&found)
	if err != nil || found > 0 {
		return err
	}
	return postgres.Define(ctx, db, slices.Concat(sqliteTable, script(counters, sqliteStatements)), slices.Concat(postgresTable, script(counters, postgresStatements)))
}

// Drop removes the counts and their triggers.
func Drop(ctx context.Context, db dbx.Builder, counters []Counter) error {
	table := "DROP TABLE IF EXISTS " + Table
	return postgres.Define(ctx, db, append(script(counters, sqliteRemovals), table), append(script(counters, postgresRemovals), table))
}

// script returns the statements for each counter.
func script(counters []Counter, statements []string) (all []string) {
	for _, counter := range counters {
		for _, statement := range statements {
			all = append(all, counter.replace(statement))
		}
	}
	return all
}

// replace puts the parts of the counter into a statement.
func (c Counter) replace(statement string) string {
	return os.Expand(statement, func(name string) string {
		switch name {
		case "table":
			return c.Table
		case "columns":
			return strings.Join(c.columns(), ", ")
		case "changed":
			changed := make([]string, len(c.columns()))
			for i, column := range c.columns() {
				changed[i] = "old." + column + " IS NOT new." + column
			}
			return strings.Join(changed, " OR ")
		case "old", "removed":
			return c.buckets(name, "-1")
		case "new", "added":
			return c.buckets(name, "1")
		case "all":
			return c.all()
		}
		return "$" + name // a quotation mark of PostgreSQL
	})
}

// columns returns the columns whose change changes a count.
func (c Counter) columns() []string {
	columns := []string{c.Owner}
	for _, kind := range c.Kinds {
		columns = append(columns, kind.Columns...)
	}
	return columns
}

// owners returns the owners in whose counts a record is.
func (c Counter) owners(row string) []string {
	if c.Shared {
		return []string{row + "." + c.Owner, "'" + Everybody + "'"}
	}
	return []string{row + "." + c.Owner}
}

func (k Kind) bucket(row string) string {
	return os.Expand(k.Bucket, func(string) string { return row })
}

// buckets returns the rows that count a record, as the list of a VALUES clause.
func (c Counter) buckets(row, number string) string {
	var rows []string
	for _, owner := range c.owners(row) {
		for _, kind := range c.Kinds {
			rows = append(rows, "('"+c.Table+"', "+owner+", '"+kind.Name+"', "+kind.bucket(row)+", "+number+")")
		}
	}
	return strings.Join(rows, ", ")
}

// all returns the query of the counts of a table's records.
func (c Counter) all() string {
	var queries []string
	for _, owner := range c.owners(c.Table) {
		for _, kind := range c.Kinds {
			queries = append(queries, "SELECT '"+c.Table+"', "+owner+", '"+kind.Name+"', "+kind.bucket(c.Table)+", count(*) FROM "+c.Table+" GROUP BY 2, 4")
		}
	}
	return strings.Join(queries, " UNION ALL ")
}
