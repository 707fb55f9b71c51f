package postgres

import (
	"context"
	"slices"

	"carebase/internal/postgres/mirror"
	"carebase/internal/postgres/translate"
)

// keptDefinitions selects the indexes and views whose definitions are kept in
// comments. That of a view's rule, if there is one, has texts in single quotes only.
const keptDefinitions = `SELECT CASE c.relkind WHEN 'i' THEN 'index' ELSE 'view' END, sqlite.original_name(c.relname::pg_catalog.text), k.definition
  FROM pg_catalog.pg_class c CROSS JOIN LATERAL (SELECT coalesce((SELECT pg_catalog.obj_description(r.oid, 'pg_rewrite') FROM pg_catalog.pg_rewrite r
    WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid AND r.rulename OPERATOR(pg_catalog.=) '_RETURN'), pg_catalog.obj_description(c.oid, 'pg_class')) AS definition) k
  WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind IN ('i', 'v') AND k.definition IS NOT NULL
  ORDER BY c.oid`

// relationColumns selects the columns of all tables and views.
const relationColumns = `SELECT sqlite.original_name(c.relname::pg_catalog.text), sqlite.original_name(a.attname::pg_catalog.text)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
  WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped AND a.attname OPERATOR(pg_catalog.<>) '_rowid_'
  ORDER BY c.oid, a.attnum`

// kept is what the schema has before a statement alters a table.
type kept struct {
	definitions []mirror.Definition
	tables      []mirror.Table
	// views are the columns of the views among the definitions.
	views map[string][]string
}

// readKept reads the definitions that are to follow a statement, and what they read.
// There are none if the statement renames and drops nothing, or concerns no definition.
func (c *conn) readKept(ctx context.Context, statement *translate.Statement) (kept, error) {
	if statement.Alteration == nil {
		return kept{}, nil
	}
	found := kept{views: map[string][]string{}}
	rows, err := readAll(ctx, c.pg, c.schemaLock()+";\n"+keptDefinitions)
	if err != nil {
		return found, err
	}
	concerned := false
	for _, row := range rows {
		found.definitions = append(found.definitions, mirror.Definition{Kind: row[0], Name: row[1], Text: row[2]})
		concerned = concerned || statement.Alteration.Concerns(statement.Table, row[2])
		if row[0] == "view" {
			found.views[row[1]] = []string{}
		}
	}
	if !concerned {
		return kept{}, nil
	}
	if rows, err = readAll(ctx, c.pg, relationColumns); err != nil {
		return found, err
	}
	for _, row := range rows {
		if columns, isView := found.views[row[0]]; isView {
			found.views[row[0]] = append(columns, row[1])
			continue
		}
		last := len(found.tables) - 1
		if last < 0 || found.tables[last].Name != row[0] {
			found.tables, last = append(found.tables, mirror.Table{Name: row[0]}), last+1
		}
		found.tables[last].Columns = append(found.tables[last].Columns, row[1])
	}
	return found, nil
}

// follow makes the definitions follow a statement that has altered a table, as SQLite
// does: it rewrites their texts and renames the columns of views. PostgreSQL itself has
// changed what they mean. What SQLite refuses is refused.
func (c *conn) follow(ctx context.Context, statement *translate.Statement, before kept) error {
	if len(before.definitions) == 0 {
		return nil
	}
	changes, err := mirror.Alter(ctx, before.tables, before.definitions, statement.Table, statement.Alteration.Source)
	if err != nil {
		return &Error{message: err.Error(), cause: err}
	}
	longNames := map[string]string{}
	identifier := func(name string) string {
		short := translate.Shorten(name)
		if short != name {
			longNames[short] = name
		}
		return quote(short)
	}
	var steps []string
	for _, change := range changes {
		name := identifier(change.Name)
		if change.Kind == "index" {
			steps = append(steps, "COMMENT ON INDEX "+name+" IS "+literal(change.Text))
			continue
		}
		for _, column := range change.Renamed {
			if slices.Contains(before.views[change.Name], column[0]) {
				steps = append(steps, "ALTER VIEW "+name+" RENAME COLUMN "+identifier(column[0])+" TO "+identifier(column[1]))
			}
		}
		steps = append(steps, "COMMENT ON VIEW "+name+" IS "+literal(change.Text), `COMMENT ON RULE "_RETURN" ON `+name+" IS NULL")
	}
	if len(steps) == 0 {
		return nil
	}
	err = c.runSteps(ctx, longNames, steps)
	c.database.schemaChanged(longNames)
	return err
}
