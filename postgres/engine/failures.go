package engine

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/postgres"
)

// tellFailures answers what the database is to blame for as such. PocketBase takes
// whatever keeps a record from being saved for a bad request.
func tellFailures(e *core.RequestEvent) error {
	failure := e.Next()
	switch {
	case failure == nil:
		return nil
	case hasCause(failure, postgres.ErrConflict):
		return apis.NewApiError(http.StatusConflict, "The request met another one that changes the same records. Try again.", asCause(failure))
	case hasCause(failure, postgres.ErrUnavailable) || hasCause(failure, driver.ErrBadConn):
		return apis.NewApiError(http.StatusServiceUnavailable, "The database does not answer. Try again later.", asCause(failure))
	}
	return failure
}

// asCause keeps a failure for the log. Wrapped, it adds nothing to the answer.
func asCause(failure error) error { return fmt.Errorf("the request failed: %w", failure) }

// hasCause looks for a cause also where errors.Is does not: in what PocketBase
// keeps of an error, and in the errors of a batch's requests.
func hasCause(failure any, cause error) bool {
	switch found := failure.(type) {
	case validation.Errors:
		for _, each := range found {
			if hasCause(each, cause) {
				return true
			}
		}
	case *apis.BatchResponseError:
		return hasCause(found.Resolve(map[string]any{}), cause)
	case map[string]any:
		return hasCause(found["response"], cause)
	case *router.ApiError:
		return errors.Is(found, cause) || hasCause(found.RawData(), cause)
	case error:
		return errors.Is(found, cause)
	}
	return false
}
