package search

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/pocketbase/dbx"

	"carebase/internal/recent"
)

const (
	// maxRemembered is how many counts are remembered, maxRememberedMatch the length in
	// bytes of the longest query that they are for, and of the longest list of rows that
	// have changed.
	maxRemembered      = 500
	maxRememberedMatch = 4 << 10
)

// remembered is how many rows of an index a query matches, as long as the index and what
// is out of date in it are the same. New rows are not in it, and counted each time.
type remembered struct {
	pool   *sql.DB
	state  indexState
	number int64
}

// indexState is what FTS5 writes with each change of an index, and the rows of it that
// have changed since.
type indexState struct{ written, changed string }

// rememberedCounts are the counts by index and query.
var rememberedCounts = recent.NewCache[remembered](maxRemembered)

// sqliteCount counts the rows that match on SQLite.
type sqliteCount struct {
	key string
	// state is the query of the state of the index, and of the number of rows that are
	// looked for without it; all has the number of those of the index, too. Each is one
	// statement, and sees one state of the database.
	state, all string
}

// countOnSQLite returns how to count the rows of an index, and others. FTS5 writes row 10
// of its data with each change: it counts what was written, and what is deleted. Beside
// it, the state has the rows that have changed since.
func (i Index) countOnSQLite(match, others string) *sqliteCount {
	const outdated = "FROM ${index}_pending WHERE EXISTS (SELECT 1 FROM ${index}_docsize WHERE id = record)"
	state := i.replace(`SELECT (SELECT block FROM ${index}_data WHERE id = 10),
		(SELECT coalesce(group_concat(record), '') FROM (SELECT record `+outdated+` LIMIT `+strconv.Itoa(maxRememberedMatch)+`)),
		(SELECT count(*) FROM (`) + others + "))"
	// To leave out rows costs as much again for each row that matches.
	number := i.replace(`, CASE WHEN EXISTS (SELECT 1 ` + outdated + `)
		THEN (SELECT count(*) FROM $index WHERE $index MATCH {:match} AND rowid NOT IN (SELECT record FROM ${index}_pending))
		ELSE (SELECT count(*) FROM $index WHERE $index MATCH {:match}) END`)
	return &sqliteCount{key: i.name() + " " + match, state: state, all: state + number}
}

// known returns the count if that of the index is remembered.
func (c *sqliteCount) known(ctx context.Context, db dbx.Builder, params dbx.Params) (number int64, isKnown bool, err error) {
	pool, ok := db.(*dbx.DB)
	if !ok {
		return 0, false, nil
	}
	found, isKnown := rememberedCounts.Get(c.key)
	if !isKnown || found.pool != pool.DB() {
		return 0, false, nil
	}
	var now indexState
	var others int64
	if err := db.NewQuery(c.state).Bind(params).WithContext(ctx).Row(&now.written, &now.changed, &others); err != nil {
		return 0, false, err
	}
	return found.number + others, found.state == now, nil
}

// count returns the count, and remembers that of the index.
func (c *sqliteCount) count(ctx context.Context, db dbx.Builder, params dbx.Params) (int64, error) {
	var now indexState
	var others, number int64
	if err := db.NewQuery(c.all).Bind(params).WithContext(ctx).Row(&now.written, &now.changed, &others, &number); err != nil {
		return 0, err
	}
	// A transaction may see what is never committed.
	if pool, ok := db.(*dbx.DB); ok && max(len(c.key), len(now.changed)) <= maxRememberedMatch {
		rememberedCounts.Put(c.key, remembered{pool.DB(), now, number})
	}
	return number + others, nil
}
