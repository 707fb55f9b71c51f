package server

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
	"carebase/internal/monitoring"
	"carebase/internal/rest"
)

// tellDatabaseFailures has PocketBase's APIs tell a full disk, a database that
// does not answer and a conflict from mistakes of the client, as which they
// report them.
func tellDatabaseFailures(e *core.RequestEvent) error {
	err := e.Next()
	monitoring.ObserveDatabase(e.App, errors.Join(err, rest.Failure(e)))
	if refusal := dberror.Refusal(err); refusal != nil {
		return refusal
	}
	return err
}
