package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/dberror"
	"carebase/internal/postgres/translate"
)

// outdated are the errors of a statement that was written for an earlier schema.
var outdated = map[string]bool{
	"42P01": true, // undefined_table
	"42703": true, // undefined_column
	"42804": true, // datatype_mismatch
	"22P02": true, // invalid_text_representation, of another type
	"23502": true, // not_null_violation, of a column that is not written
	"XX000": true, // internal_error: a relation that is dropped meanwhile
}

// OnUnknownSchema sets the function that tells, after a statement has failed, whether
// collections are being changed or have been just now: a request that began before
// them knows other names. If so, the statement's error is dberror.ErrUnavailable,
// because the request succeeds later or is told what is wrong with it.
func (d *Database) OnUnknownSchema(isChanging func(context.Context) bool) {
	d.changing.Store(&isChanging)
}

func (d *Database) isChanging(ctx context.Context) bool {
	isChanging := d.changing.Load()
	return isChanging != nil && (*isChanging)(ctx)
}

// whileChanging returns the error of a statement, as unavailability if it is due to a
// change of the schema. What defines something itself is not meant.
func (c *conn) whileChanging(ctx context.Context, statement *translate.Statement, err error) error {
	var failure *pgconn.PgError
	if statement.Kind == translate.Definition || !errors.As(err, &failure) || !outdated[failure.Code] || !c.database.isChanging(ctx) {
		return err
	}
	return &Error{message: "the schema was changed meanwhile: " + c.message(failure), cause: err, kind: dberror.ErrUnavailable}
}
