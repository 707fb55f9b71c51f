package postgres

import (
	"context"

	"carebase/internal/postgres/translate"
)

// relation is what the schema tells about a table or view.
type relation struct {
	// isTable is false for a view, whose rows cannot be locked.
	isTable, isView bool
	// tieBreaker is the column that puts equal rows of a list in order: the hidden row
	// id of a table, the id of a view, or none.
	tieBreaker string
}

// maxKnownRelations bounds the cache of relation.
const maxKnownRelations = 10000

// knownRelation returns what is known about a table or view without asking.
func (c *conn) knownRelation(name string) (known relation, ok bool) {
	if name == "" {
		return relation{}, true
	}
	c.database.mutex.Lock()
	defer c.database.mutex.Unlock()
	known, ok = c.database.relations[c.schema+"."+name]
	return known, ok
}

// relation returns what is known about a table or view; nothing if it does not exist.
func (c *conn) relation(ctx context.Context, name string) relation {
	known, ok := c.knownRelation(name)
	if ok {
		return known
	}
	query := `SELECT c.relkind, (SELECT a.attname FROM pg_catalog.pg_attribute a
			WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) ANY (ARRAY['_rowid_', 'id']::pg_catalog.name[])
			ORDER BY a.attname LIMIT 1)
		FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(` + literal(quote(translate.Shorten(name))) + ")"
	if !c.inTransaction && c.settings != "" {
		query = c.settings + "; " + query
	}
	rows, err := readAll(ctx, c.pg, query)
	if err != nil {
		return relation{}
	}
	for _, row := range rows {
		known = relation{isTable: row[0] == "r", isView: row[0] == "v", tieBreaker: row[1]}
	}
	d := c.database
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if len(d.relations) >= maxKnownRelations {
		clear(d.relations)
	}
	d.relations[c.schema+"."+name] = known
	return known
}

// textOf returns the text of a statement for the transaction and the schema: one that
// locks the row that it reads, or that leaves no rows of a list without an order. What the
// statement reads is known afterwards.
func (c *conn) textOf(ctx context.Context, statement *translate.Statement) string {
	from := c.relation(ctx, statement.From)
	switch {
	case c.inTransaction && c.database.concurrent.Load() && statement.LockingSQL != "" && from.isTable:
		return statement.LockingSQL
	case statement.Ties == nil:
		return statement.SQL
	}
	switch from.tieBreaker {
	case hiddenColumn:
		return statement.Ties.ByRowID
	case "id":
		return statement.Ties.ByID
	}
	return statement.SQL
}
