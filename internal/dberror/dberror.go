// Package dberror tells what a failure of the database or of the disk means to
// whoever asked for something.
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
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/deadline"
)

// What a client can get past by trying again. Drivers have their errors be these.
var (
	// ErrConflict is a transaction that met another one at the same rows.
	ErrConflict = errors.New("another transaction changes the same rows")
	// ErrUnavailable is a database that cannot be reached, that ended the
	// connection, or that took too long.
	ErrUnavailable = errors.New("the database does not answer")
)

// Refusal is what a client is told if the database or the disk is why a request
// failed: 507 if there is no room left, 503 if the database does not answer or the
// request took too long, 409 after a conflict. It is nil for any other failure.
func Refusal(err error) *router.ApiError {
	switch {
	case has(err, func(err error) bool { return errors.Is(err, deadline.ErrExceeded) }):
		return TooLong()
	case has(err, isFull):
		return router.NewApiError(http.StatusInsufficientStorage, "There is no room left to store anything. Nothing was changed.", err)
	case has(err, isUnavailable):
		return router.NewApiError(http.StatusServiceUnavailable, "The database does not answer. Try again later.", err)
	case has(err, func(err error) bool { return errors.Is(err, ErrConflict) }):
		return router.NewApiError(http.StatusConflict, "The request met another one that changes the same records. Try again.", err)
	}
	return nil
}

// TooLong is the answer to a request whose time is over.
func TooLong() *router.ApiError {
	return router.NewApiError(http.StatusServiceUnavailable, "The request took too long and was stopped. Ask for less at a time.", deadline.ErrExceeded)
}

// has looks for a failure in what errors do not unwrap by themselves: the cause of
// PocketBase's refusals, the errors of a batch's requests and of fields, and both
// failures of a transaction that could not be rolled back either.
func has(err error, is func(error) bool) bool {
	if err == nil || is(err) {
		return err != nil
	}
	var several dbx.Errors
	if errors.As(err, &several) {
		return slices.ContainsFunc(several, func(each error) bool { return has(each, is) })
	}
	var fields validation.Errors
	if errors.As(err, &fields) {
		return slices.ContainsFunc(slices.Collect(maps.Values(fields)), func(each error) bool { return has(each, is) })
	}
	// As PocketBase's apis.BatchResponseError, which is above this package.
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
	const primaryCode = 0xff
	var onSQLite *sqlite.Error
	return errors.As(err, &onSQLite) && onSQLite.Code()&primaryCode == sqlite3.SQLITE_FULL ||
		postgresCode(err) == "53100" || // disk_full
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isUnavailable(err error) bool {
	var notConnected *pgconn.ConnectError
	code := postgresCode(err)
	return errors.Is(err, ErrUnavailable) || errors.Is(err, driver.ErrBadConn) || errors.As(err, &notConnected) ||
		strings.HasPrefix(code, "57P0") || // the server or the connection is being ended, or begins
		strings.HasPrefix(code, "08") || // connection_exception
		code == "53300" || code == "25006" // too_many_connections; a standby, which does not write
}

// postgresCode is the SQLSTATE of PostgreSQL's error, if it is one.
func postgresCode(err error) string {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}
