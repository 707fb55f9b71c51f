package postgres

import (
	"context"
	"errors"
	"maps"
	"strings"

	"carebase/internal/postgres/translate"
)

// define runs a statement that changes the schema, atomically.
func (c *conn) define(ctx context.Context, statement *translate.Statement) error {
	begin, success, failure := "SAVEPOINT definition", "RELEASE SAVEPOINT definition", "ROLLBACK TO SAVEPOINT definition; RELEASE SAVEPOINT definition"
	if !c.inTransaction {
		begin, success, failure = c.begin("BEGIN"), "COMMIT", "ROLLBACK"
	}
	if _, err := readAll(ctx, c.pg, begin); err != nil {
		return c.mapError(ctx, err, statement)
	}
	if err := c.change(ctx, statement); err != nil {
		mapped := c.mapError(ctx, err, statement)
		if c.pg.IsClosed() {
			return mapped
		}
		_, rollbackErr := readAll(context.WithoutCancel(ctx), c.pg, failure)
		return errors.Join(mapped, rollbackErr)
	}
	if _, err := readAll(ctx, c.pg, success); err != nil {
		return c.mapError(ctx, err, statement)
	}
	c.database.schemaChanged(statement.LongNames)
	return nil
}

func (c *conn) change(ctx context.Context, statement *translate.Statement) error {
	before, err := c.readKept(ctx, statement)
	if err != nil {
		return err
	}
	var steps []string
	if statement.Drops {
		steps = append(steps, "SELECT sqlite.park_views("+literal(translate.Shorten(statement.Table))+")")
	}
	steps = append(steps, statement.SQL)
	steps = append(steps, statement.After...)
	if err := c.runSteps(ctx, statement.LongNames, steps); err != nil || statement.Drops {
		return err
	}
	if err := c.follow(ctx, statement, before); err != nil {
		return err
	}
	return c.restoreViews(ctx)
}

// runSteps runs statements under the lock for schema changes, after it has noted the
// long names in them.
func (c *conn) runSteps(ctx context.Context, longNames map[string]string, steps []string) error {
	all := []string{c.schemaLock()}
	for short, long := range longNames {
		all = append(all, "INSERT INTO sqlite.long_names VALUES ("+literal(short)+", "+literal(long)+") ON CONFLICT DO NOTHING")
	}
	_, err := readAll(ctx, c.pg, strings.Join(append(all, steps...), ";\n"))
	return err
}

// restoreViews recreates the parked views whose tables exist again. A view may
// read another view, so it retries until a pass restores none.
func (c *conn) restoreViews(ctx context.Context) error {
	for {
		views, err := readAll(ctx, c.pg, "SELECT name, definition FROM sqlite.parked_views WHERE schema OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.text ORDER BY number")
		if err != nil {
			return err
		}
		restored := false
		for _, view := range views {
			ok, err := c.restoreView(ctx, view[0], view[1])
			if err != nil {
				return err
			}
			restored = restored || ok
		}
		if !restored {
			return nil
		}
	}
}

// restoreView recreates a parked view and reports whether it could.
func (c *conn) restoreView(ctx context.Context, name, definition string) (bool, error) {
	statements, err := translate.Translate(definition)
	if err != nil || len(statements) != 1 {
		return false, err
	}
	view := statements[0]
	var reading translate.Reading
	for {
		// A name in double quotes is a column: texts have single quotes in a parked
		// definition.
		view.QuotedNames = nil
		failure, err := c.tryView(ctx, name, view)
		if err != nil || failure == nil {
			return err == nil, err
		}
		if view, err = c.readAgain(ctx, view, failure, &reading); err != nil || view == nil {
			return false, err // its tables do not exist yet
		}
	}
}

// tryView creates a parked view. If that fails, it rolls back to before and returns
// the failure; err is set if that is impossible.
func (c *conn) tryView(ctx context.Context, name string, view *translate.Statement) (failure, err error) {
	steps := append([]string{"SAVEPOINT view", view.SQL}, view.After...)
	steps = append(steps, "DELETE FROM sqlite.parked_views WHERE schema OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.text AND name OPERATOR(pg_catalog.=) "+literal(name), "RELEASE SAVEPOINT view")
	for _, step := range steps {
		if _, failure = readAll(ctx, c.pg, step); failure != nil {
			break
		}
	}
	if failure == nil || c.pg.IsClosed() {
		return failure, failure
	}
	_, err = readAll(ctx, c.pg, "ROLLBACK TO SAVEPOINT view; RELEASE SAVEPOINT view")
	return failure, err
}

// schemaChanged adds new long names and clears what is cached about tables.
func (d *Database) schemaChanged(longNames map[string]string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	clear(d.relations)
	if len(longNames) > 0 {
		known := maps.Clone(d.longNames)
		maps.Copy(known, longNames)
		d.longNames = known
	}
}

// originalName returns the long name of a shortened one, looking in names
// first.
func (d *Database) originalName(name string, names map[string]string) string {
	if long, ok := names[name]; ok {
		return long
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if long, ok := d.longNames[name]; ok {
		return long
	}
	return name
}
