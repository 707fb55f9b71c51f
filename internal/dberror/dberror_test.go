package dberror

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/tools/router"
)

func TestRefusal(t *testing.T) {
	full, lost := &pgconn.PgError{Code: "53100"}, fmt.Errorf("a query: %w", ErrUnavailable)
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("another"), 0},
		{router.NewBadRequestError("", nil), 0},
		{router.NewBadRequestError("", errors.New("another")), 0},
		{&pgconn.PgError{Code: "23505"}, 0},
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, http.StatusInsufficientStorage},
		{full, http.StatusInsufficientStorage},
		{fmt.Errorf("a request: %w", router.NewBadRequestError("", dbx.Errors{errors.New("another"), full})), http.StatusInsufficientStorage},
		{lost, http.StatusServiceUnavailable},
		{router.NewNotFoundError("", lost), http.StatusServiceUnavailable},
		{&pgconn.PgError{Code: "57P03"}, http.StatusServiceUnavailable},
		{validation.Errors{"patient": lost}, http.StatusServiceUnavailable},
		{router.NewBadRequestError("", ErrClosedView), http.StatusServiceUnavailable},
		{fmt.Errorf("a change: %w", ErrConflict), http.StatusConflict},
		{&pgconn.ConnectError{}, http.StatusServiceUnavailable},
	} {
		refusal := Refusal(test.err)
		if got := status(refusal); got != test.want {
			t.Errorf("%T: got %d, want %d", test.err, got, test.want)
		}
	}
}

func status(refusal *router.ApiError) int {
	if refusal == nil {
		return 0
	}
	return refusal.Status
}
