package search

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
)

// Engine is the database that a search is for.
type Engine int

// The engines.
const (
	SQLite Engine = iota
	PostgreSQL
)

// Match is the condition that rows contain all terms of a search.
type Match struct {
	dbx.Expression
	// found is the query of the row ids of all rows that match, with params.
	found  string
	params dbx.Params
	// counted counts them on SQLite.
	counted *sqliteCount
	// Counting is the condition to count with. It costs the same wherever the rows
	// are, while Expression is made for reading some of them in an order.
	Counting dbx.Expression
	// matching is how many rows match, or unknown.
	matching int64
	// ByRowID says that SQLite should read the rows by their row ids, and through no
	// index that has all rows of the owner.
	ByRowID bool
}

// few is up to how many rows it takes less time to read all that match than to look
// for those that match in the order of a list.
const few = 5000

// unknown is the count of more than few rows that were not counted.
const unknown = -1

// Find returns the condition for the rows of an owner that contain all terms, each in
// any of the fields, without regard to case and accents; nil if the terms are nothing
// but accents. Without an owner, the rows of a shared index are those of all owners.
func (i Index) Find(ctx context.Context, db dbx.Builder, engine Engine, owner string, terms []string) (*Match, error) {
	var sought []string
	for _, term := range terms {
		if Fold(term) != "" {
			sought = append(sought, term)
		}
	}
	if sought == nil {
		return nil, nil
	}
	params := dbx.Params{}
	match := &Match{params: params, matching: unknown}
	var containing string
	if engine == PostgreSQL {
		match.found, containing = i.onPostgreSQL(owner, sought, params)
	} else {
		match.found, containing, match.counted = i.onSQLite(owner, sought, params)
	}
	match.Counting = dbx.NewExp("_rowid_ IN ("+match.found+")", params)
	// Most of the work for a short term comes before the first row: all are counted at once.
	if err := match.countAhead(ctx, db, slices.ContainsFunc(sought, isShort)); err != nil {
		return nil, err
	}
	var number int64
	var list string
	columns, results := "count(*)", []any{&number}
	if engine == SQLite {
		columns, results = "count(*), json_group_array(record)", []any{&number, &list}
	}
	if match.matching <= few {
		err := db.NewQuery("SELECT " + columns + " FROM (SELECT * FROM (" + match.found + ") AS every LIMIT " +
			strconv.Itoa(few+1) + ") AS found").Bind(params).WithContext(ctx).Row(results...)
		if err != nil {
			return nil, err
		}
	}
	if match.matching > few || number > few {
		match.Expression = dbx.NewExp(containing, params)
		return match, nil
	}
	match.matching = number
	if engine == PostgreSQL {
		match.Expression = match.Counting
		return match, nil
	}
	match.Expression = dbx.NewExp("_rowid_ IN (SELECT value FROM json_each({:rows}))", dbx.Params{"rows": list})
	match.Counting, match.ByRowID = match.Expression, true
	return match, nil
}

// countAhead counts the rows if their number is remembered or wanted.
func (m *Match) countAhead(ctx context.Context, db dbx.Builder, wanted bool) error {
	if m.counted == nil {
		return nil
	}
	number, isKnown, err := m.counted.known(ctx, db, m.params)
	if err == nil && !isKnown && wanted {
		number, err = m.counted.count(ctx, db, m.params)
	}
	if isKnown || wanted {
		m.matching = number
	}
	return err
}

// Count returns how many rows match.
func (m *Match) Count(ctx context.Context, db dbx.Builder) (int64, error) {
	if m.matching != unknown {
		return m.matching, nil
	}
	err := m.count(ctx, db)
	return m.matching, err
}

func (m *Match) count(ctx context.Context, db dbx.Builder) (err error) {
	if m.counted != nil {
		m.matching, err = m.counted.count(ctx, db, m.params)
		return err
	}
	return db.NewQuery("SELECT count(*) FROM (" + m.found + ") AS found").Bind(m.params).WithContext(ctx).Row(&m.matching)
}

// onPostgreSQL returns the query of the row ids of the rows that contain the terms,
// and the condition that a row does. The index leaves rows in which the terms are
// looked for. The database folds them, by its own version of Unicode.
func (i Index) onPostgreSQL(owner string, terms []string, params dbx.Params) (found, containing string) {
	ownerOf := "''"
	if owner != "" {
		ownerOf = i.Owner
	}
	params["owner"] = owner
	indexed, contained := make([]string, len(terms)), make([]string, len(terms))
	for n, term := range terms {
		parameter, phrase := "{:term"+strconv.Itoa(n)+"}", "{:phrase"+strconv.Itoa(n)+"}"
		params["term"+strconv.Itoa(n)] = term
		params["phrase"+strconv.Itoa(n)], _ = phraseOf(term)
		indexed[n] = "search_contains(" + ownerOf + ", {:owner}, " + phrase + ", " + i.fields("") + ")"
		anywhere := make([]string, len(i.Fields))
		for j, field := range i.Fields {
			anywhere[j] = "instr(search_fold(" + field + "), search_fold(" + parameter + ")) > 0"
		}
		contained[n] = "(" + strings.Join(anywhere, " OR ") + ")"
	}
	containing = strings.Join(contained, " AND ")
	return i.replace("SELECT _rowid_ AS record FROM $table WHERE ") + strings.Join(indexed, " AND ") + " AND " + containing, containing
}

// onSQLite is onPostgreSQL for SQLite. The terms are looked for in the rows that are
// too long for the index, and in those that have changed since; SQLite reads a CROSS
// JOIN in the order in which it is written. Rows found by a part of a term are looked at,
// and not counted by the index.
func (i Index) onSQLite(owner string, terms []string, params dbx.Params) (found, containing string, counted *sqliteCount) {
	folded, contained, isWhole := make([]string, len(terms)), make([]string, len(terms)), true
	for n, term := range terms {
		folded[n] = Fold(term)
		_, whole := phraseOf(folded[n])
		isWhole = isWhole && whole
		params["term"+strconv.Itoa(n)] = folded[n]
		contained[n] = "search_contains({:term" + strconv.Itoa(n) + "}, " + i.fields("") + ")"
	}
	containing = strings.Join(contained, " AND ")
	query := match(owner, folded)
	params["match"], params["long"], params["owner"] = query, `"`+longRow(owner)+`"`, owner
	const pending, indexed = "SELECT DISTINCT record FROM ${index}_pending", `
		SELECT rowid AS record FROM $index WHERE rowid NOT IN (SELECT record FROM ${index}_pending) AND $index MATCH `
	looked := " AS found CROSS JOIN $table ON $table._rowid_ = found.record WHERE ({:owner} = '' OR $owner = {:owner}) AND " + containing
	others := i.replace("SELECT $table._rowid_ AS record FROM (" + indexed + "{:long} UNION ALL " + pending + ")" + looked)
	if !isWhole {
		return i.replace("SELECT $table._rowid_ AS record FROM (" + indexed + "{:match} UNION ALL " + indexed + "{:long} UNION ALL " + pending + ")" + looked), containing, nil
	}
	return i.replace(indexed+"{:match} UNION ALL ") + others, containing, i.countOnSQLite(query, others)
}
