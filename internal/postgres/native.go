package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres/translate"
)

type nativeKey struct{}

// Native returns a context for definitions that SQLite's dialect does not have, such
// as triggers in PL/pgSQL: statements without parameters that are executed as they
// stand.
func Native(ctx context.Context) context.Context { return context.WithValue(ctx, nativeKey{}, true) }

// execNative executes a statement as it stands, as a change of the schema. done is
// false if the context is none of Native's.
func (c *conn) execNative(ctx context.Context, query string) (result driver.Result, done bool, err error) {
	if native, _ := ctx.Value(nativeKey{}).(bool); !native {
		return nil, false, nil
	}
	c.settle()
	return driver.ResultNoRows, true, c.define(ctx, &translate.Statement{Kind: translate.Definition, SQL: query, Source: query})
}

// Define executes the statements of the engine that a database is on: definitions that
// each engine has in its own dialect.
func Define(ctx context.Context, db dbx.Builder, onSQLite, onPostgreSQL []string) error {
	isPostgreSQL, err := Serves(ctx, db)
	if err != nil {
		return err
	}
	statements := onSQLite
	if isPostgreSQL {
		statements, ctx = onPostgreSQL, Native(ctx)
	}
	for _, statement := range statements {
		if _, err := db.NewQuery(statement).WithContext(ctx).Execute(); err != nil {
			return err
		}
	}
	return nil
}

// Serves reports whether a database is PostgreSQL. SQLite has an encoding.
func Serves(ctx context.Context, db dbx.Builder) (bool, error) {
	var encoding string
	err := db.NewQuery("PRAGMA encoding").WithContext(ctx).Row(&encoding)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}
