package server

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
	"carebase/internal/endpoint"
	"carebase/internal/monitoring"
	"carebase/internal/rest"
)

// tellDatabaseFailures maps a full disk, an unavailable or just changed database and
// conflicts to 507, 503 and 409. PocketBase's APIs report them as mistakes of the client.
func tellDatabaseFailures(e *core.RequestEvent) error {
	err := e.Next()
	monitoring.ObserveDatabase(e.App, errors.Join(err, rest.Failure(e)))
	if refusal := dberror.Refusal(err); refusal != nil {
		return refusal
	}
	if endpoint.IsDefinition(e.Request) {
		return err // what it names is gone by itself
	}
	if refusal := rest.Outdated(e.App, err); refusal != nil {
		return refusal
	}
	return err
}
