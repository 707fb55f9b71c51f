// Package hidden keeps rows that are deleted but not removed yet out of queries.
//
// Removing many rows takes longer than the request that deletes what they belong to.
// Until they are removed, every query that names their table gets a condition without
// them, PocketBase's queries included. Views are read by their own queries, over the
// tables without them.
package hidden

import (
	"database/sql"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// row stands for a table's name, or its alias, in conditions.
const row = "$row"

// Column returns a column in a condition for Set.
func Column(name string) string { return "`" + row + "`.`" + name + "`" }

// Conditions say by table which rows are hidden, with columns by Column.
type Conditions map[string]string

// rows are those that a database hides.
type rows struct {
	conditions Conditions
	views      Views
}

var (
	// known are the rows of each database, a *rows by *sql.DB.
	known sync.Map
	// databases is the number of databases in it: usually none.
	databases atomic.Int64
)

// Set replaces the conditions of a database, whose views are read without the rows.
func Set(database *sql.DB, conditions Conditions, views Views) {
	if len(conditions) == 0 {
		if _, had := known.LoadAndDelete(database); had {
			databases.Add(-1)
		}
		return
	}
	if _, had := known.Swap(database, &rows{maps.Clone(conditions), views}); !had {
		databases.Add(1)
	}
}

// Any reports whether a database hides rows of a table.
func Any(database *sql.DB, table string) bool {
	rows := rowsOf(database)
	return rows != nil && rows.conditions[table] != ""
}

// Shown returns the condition, in SQL, for the rows of a table that are not hidden;
// empty if none is.
func Shown(database *sql.DB, table, alias string) string {
	rows := rowsOf(database)
	if rows == nil {
		return ""
	}
	return rows.shown(table, alias)
}

func (r *rows) shown(table, alias string) string {
	condition := r.conditions[table]
	if condition == "" {
		return ""
	}
	return "NOT (" + strings.ReplaceAll(condition, row, alias) + ")"
}

// rowsOf returns the rows that a database hides; nil if there are none.
func rowsOf(database *sql.DB) *rows {
	if databases.Load() == 0 {
		return nil
	}
	found, _ := known.Load(database)
	rows, _ := found.(*rows)
	return rows
}
