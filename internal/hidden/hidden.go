// Package hidden keeps rows that are deleted but not removed yet out of queries.
//
// Removing many rows takes longer than the request that deletes what they belong to.
// Until they are removed, every query that names their table gets a condition without
// them, PocketBase's queries included.
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

var (
	// known are the conditions of each database, a Conditions by *sql.DB.
	known sync.Map
	// databases is the number of databases in it: usually none.
	databases atomic.Int64
)

// Set replaces the conditions of a database.
func Set(database *sql.DB, conditions Conditions) {
	if len(conditions) == 0 {
		if _, had := known.LoadAndDelete(database); had {
			databases.Add(-1)
		}
		return
	}
	if _, had := known.Swap(database, maps.Clone(conditions)); !had {
		databases.Add(1)
	}
}

// Any reports whether a database hides rows of a table.
func Any(database *sql.DB, table string) bool { return conditionOf(database, table) != "" }

// Shown returns the condition, in SQL, for the rows of a table that are not hidden;
// empty if none is.
func Shown(database *sql.DB, table, alias string) string {
	condition := conditionOf(database, table)
	if condition == "" {
		return ""
	}
	return "NOT (" + strings.ReplaceAll(condition, row, alias) + ")"
}

func conditionOf(database *sql.DB, table string) string {
	if databases.Load() == 0 {
		return ""
	}
	conditions, _ := known.Load(database)
	found, _ := conditions.(Conditions)
	return found[table]
}
