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

// Error is a failure of PostgreSQL in the words of SQLite, which PocketBase
// understands.
type Error struct {
	message string
	cause   error
	// kind is dberror.ErrConflict, dberror.ErrUnavailable or nil.
	kind error
}

// Is implements the interface of errors.Is.
func (e *Error) Is(target error) bool { return e.kind != nil && e.kind == target }

func (e *Error) Error() string { return e.message }

// Unwrap returns PostgreSQL's own error.
func (e *Error) Unwrap() error { return e.cause }

// conflicts are the failures that a second try may get past.
var conflicts = map[string]bool{
	"40001": true, // serialization_failure
	"40P01": true, // deadlock_detected
	"55P03": true, // lock_not_available
}

// mistakes are the failures that say that the translation did not fit.
var mistakes = map[string]bool{
	"42601": true, "42883": true, "42804": true, "42725": true, "42P18": true, "42846": true, "22P02": true, "42803": true, "42P10": true,
}

// mapError words a failure as SQLite does.
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
	if statement != nil && mistakes[failure.Code] {
		slog.Error("PostgreSQL does not accept a translated statement", "error", failure.Message, "translated", statement.SQL, "statement", statement.Source)
	}
	return &Error{message: c.message(failure), cause: err, kind: kindOf(failure)}
}

func kindOf(failure *pgconn.PgError) error {
	switch {
	case conflicts[failure.Code]:
		return dberror.ErrConflict
	case failure.Code == "57014" || failure.Severity == "FATAL": // query_canceled, or a pooler's error
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
		// PocketBase tries again after these words. In a transaction that would not
		// help: the transaction holds what the others wait for.
		return "database is locked (5): " + failure.Message
	case failure.Code == "42P01":
		return "SQL logic error: no such table: " + failure.Message
	case failure.Code == "42703":
		return "SQL logic error: no such column: " + failure.Message
	}
	return "SQL logic error: " + failure.Message
}

// mapConnectionError tells a connection that ended before the statement was
// sent, which database/sql replaces, from one that ended later.
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

// uniqueColumns are the columns of a violated unique index, as SQLite names
// them.
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

// isOutdatedPlan reports whether a prepared statement does not fit any more.
func isOutdatedPlan(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && (failure.Code == "0A000" || failure.Code == "26000")
}
