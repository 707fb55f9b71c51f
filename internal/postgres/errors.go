package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/dberror"
	"carebase/internal/postgres/translate"
)

// Error is an error of PostgreSQL with a message worded as SQLite's, which
// PocketBase recognizes. It wraps the original error, and errors.Is matches
// dberror.ErrConflict or dberror.ErrUnavailable where they apply.
type Error struct {
	message string
	cause   error
	// kind is dberror.ErrConflict, dberror.ErrUnavailable or nil.
	kind error
}

// Is makes errors.Is match the kind of failure.
func (e *Error) Is(target error) bool { return e.kind != nil && e.kind == target }

func (e *Error) Error() string { return e.message }

// Unwrap returns PostgreSQL's error.
func (e *Error) Unwrap() error { return e.cause }

// conflicts are the errors that may go away when the client retries.
var conflicts = map[string]bool{
	"40001": true, // serialization_failure
	"40P01": true, // deadlock_detected
}

// mistakes are the errors that point at a wrong translation.
var mistakes = map[string]bool{
	"42601": true, "42883": true, "42804": true, "42725": true, "42P18": true, "42846": true, "22P02": true, "42803": true, "42P10": true,
}

// mapError returns the error with SQLite's wording, or the context's error if
// that has ended.
func (c *conn) mapError(ctx context.Context, err error, statement *translate.Statement) error {
	if err == nil {
		return nil
	}
	if ended := context.Cause(ctx); ended != nil {
		return errors.Join(ended, err)
	}
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return c.mapConnectionError(err)
	}
	if strings.HasPrefix(failure.Code, "57P0") {
		if !c.inTransaction {
			return driver.ErrBadConn
		}
		return &Error{message: "the connection to PostgreSQL was ended: " + failure.Message, cause: err, kind: dberror.ErrUnavailable}
	}
	if statement != nil && mistakes[failure.Code] && !(statement.HasChoices && isTypeMismatch(failure)) && !c.database.isChanging(ctx) {
		slog.Error("failed to run a translated statement", "error", failure.Message, "translated", statement.SQL, "statement", statement.Source)
	}
	return &Error{message: c.message(failure), cause: err, kind: kindOf(failure)}
}

func kindOf(failure *pgconn.PgError) error {
	switch {
	case conflicts[failure.Code]:
		return dberror.ErrConflict
	case failure.Code == "57014", failure.Code == "55P03", failure.Severity == "FATAL":
		// query_canceled; lock_not_available, after a long wait that is not worth
		// repeating; an error of the pooler.
		return dberror.ErrUnavailable
	}
	return nil
}

func (c *conn) message(failure *pgconn.PgError) string {
	switch {
	case failure.Code == "23505":
		return "constraint failed: UNIQUE constraint failed: " + c.uniqueColumns(failure) + " (2067)"
	case failure.Code == "23502":
		return "constraint failed: NOT NULL constraint failed: " + failure.TableName + "." + failure.ColumnName + " (1299)"
	case conflicts[failure.Code] && !c.inTransaction:
		// PocketBase retries on these words. Within a transaction a retry
		// cannot succeed: the transaction holds the locks that the others wait
		// for.
		return "database is locked (5): " + failure.Message
	case failure.Code == "42P01":
		return "SQL logic error: no such table: " + failure.Message
	case failure.Code == "42703":
		return "SQL logic error: no such column: " + failure.Message
	}
	return "SQL logic error: " + failure.Message
}

// mapConnectionError returns driver.ErrBadConn if the connection was lost
// before the statement was sent, so that database/sql retries on another one,
// and an Error if it was lost later.
func (c *conn) mapConnectionError(err error) error {
	if pgconn.SafeToRetry(err) {
		return driver.ErrBadConn
	}
	var network net.Error
	if c.pg.IsClosed() && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &network)) {
		return &Error{message: "the connection to PostgreSQL was lost", cause: err, kind: dberror.ErrUnavailable}
	}
	return err
}

var (
	keyColumns     = regexp.MustCompile(`(?s)\((.+?)\)=\(`)
	caselessColumn = regexp.MustCompile(`lower\(\(?(?:sqlite\.)?to_text\(\(?("(?:[^"]|"")+"|[\w$]+)\)?(?:::\w+)?\)(?: COLLATE "C")?\)?\)`)
)

// uniqueColumns returns the columns of a violated unique index in SQLite's
// notation.
func (c *conn) uniqueColumns(failure *pgconn.PgError) string {
	match := keyColumns.FindStringSubmatch(failure.Detail)
	if match == nil {
		return "index '" + failure.ConstraintName + "'"
	}
	table := c.database.originalName(failure.TableName, nil)
	columns := strings.Split(caselessColumn.ReplaceAllString(match[1], "$1"), ", ")
	for i, column := range columns {
		name := strings.ReplaceAll(strings.Trim(column, `"`), `""`, `"`)
		columns[i] = table + "." + c.database.originalName(name, nil)
	}
	return strings.Join(columns, ", ")
}

// isOutdatedPlan reports whether a prepared statement no longer matches the
// schema.
func isOutdatedPlan(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && (failure.Code == "0A000" || failure.Code == "26000")
}
