// Package dberror maps failures of the database and of the disk, on both
// engines, to the response of a request.
package dberror

import (
	"database/sql/driver"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/tools/router"
	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/deadline"
)

// Retryable errors. Database drivers wrap them for errors.Is.
var (
	// ErrConflict means that a concurrent transaction changed or locked the
	// same rows.
	ErrConflict = errors.New("a concurrent transaction changes the same rows")
	// ErrUnavailable means that the database cannot be reached, has closed the
	// connection, or took too long.
	ErrUnavailable = errors.New("the database does not answer")
	// ErrNoArchive means that old audit events are in an archive that does not have
	// them, or cannot be reached.
	ErrNoArchive = errors.New("old events cannot be read in the archive of the audit trail")
	// ErrClosedView means that a view would show what belongs to a deleted record.
	ErrClosedView = errors.New("the view would show rows that are being removed")
)

// Refusal returns the response to a request that failed because of the database
// or the disk: 507 if the disk is full, 503 if the database does not answer, the
// request took too long or a view is closed, 409 after a conflict, 400 if the request
// would hold too many bytes. It returns nil for
// any other error, and for nil. The messages are safe to show to clients.
func Refusal(err error) *router.ApiError {
	switch {
	case has(err, func(err error) bool { return errors.Is(err, deadline.ErrTooMuch) }):
		return TooMuch(err)
	case has(err, func(err error) bool { return errors.Is(err, deadline.ErrExceeded) }):
		return TooLong(err)
	case has(err, isFull):
		return router.NewApiError(http.StatusInsufficientStorage, "There is no room left to store anything. Nothing was changed.", err)
	case has(err, isUnavailable):
		return router.NewApiError(http.StatusServiceUnavailable, "The database does not answer. Try again later.", err)
	case has(err, func(err error) bool { return errors.Is(err, ErrNoArchive) }):
		return router.NewApiError(http.StatusServiceUnavailable, "Old audit events cannot be read in their archive at the moment. Try again later.", err)
	case has(err, func(err error) bool { return errors.Is(err, ErrClosedView) }):
		return router.NewApiError(http.StatusServiceUnavailable, "The view cannot be read until what belongs to a deleted record is removed. Try again later.", err)
	case has(err, func(err error) bool { return errors.Is(err, ErrConflict) }):
		return router.NewApiError(http.StatusConflict, "The request met another one that changes the same records. Try again.", err)
	}
	return nil
}

// TooLong is the answer to a request whose time is over, with what that has led to.
func TooLong(cause error) *router.ApiError {
	return router.NewApiError(http.StatusServiceUnavailable, "The request took too long and was stopped. Ask for less at a time.", cause)
}

// TooMuch is the answer to a request whose records are too long together.
func TooMuch(cause error) *router.ApiError {
	return router.NewBadRequestError("The records are too long to be handled at once. Ask for fewer records per page, fewer expanded relations, or fewer requests in a batch.", cause)
}

// has reports whether an error matches, looking also into those that errors.Is
// does not unwrap: the causes of PocketBase's API errors, errors of batch
// requests and of fields, both errors of a transaction that failed to roll back, and
// those of joined errors after the first of a type.
func has(err error, is func(error) bool) bool {
	if err == nil || is(err) {
		return err != nil
	}
	var several dbx.Errors
	if errors.As(err, &several) {
		return slices.ContainsFunc(several, func(each error) bool { return has(each, is) })
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(joined.Unwrap(), func(each error) bool { return has(each, is) })
	}
	var fields validation.Errors
	if errors.As(err, &fields) {
		return slices.ContainsFunc(slices.Collect(maps.Values(fields)), func(each error) bool { return has(each, is) })
	}
	// Matches PocketBase's apis.BatchResponseError. This package must not
	// import apis.
	var request interface {
		error
		Resolve(errData map[string]any) any
	}
	if errors.As(err, &request) {
		details, _ := request.Resolve(map[string]any{}).(map[string]any)
		response, _ := details["response"].(error)
		return has(response, is)
	}
	var refusal *router.ApiError
	if errors.As(err, &refusal) {
		cause, _ := refusal.RawData().(error)
		return has(cause, is)
	}
	return false
}

func isFull(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_FULL ||
		postgresCode(err) == "53100" || // disk_full
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isUnavailable(err error) bool {
	var notConnected *pgconn.ConnectError
	code, onSQLite := postgresCode(err), sqliteCode(err)
	return errors.Is(err, ErrUnavailable) || errors.Is(err, driver.ErrBadConn) || errors.As(err, &notConnected) ||
		onSQLite == sqlite3.SQLITE_BUSY || onSQLite == sqlite3.SQLITE_LOCKED || // another process, or statement, held it for too long
		strings.HasPrefix(code, "57P0") || // the server shuts down or starts, or closed the connection
		strings.HasPrefix(code, "08") || // connection_exception
		code == "53300" || code == "25006" // too_many_connections; read_only_sql_transaction, on a standby
}

// postgresCode returns the SQLSTATE of a PostgreSQL error, or "".
func postgresCode(err error) string {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}
