package server

import (
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// replicaFor returns the connections to the replica for a request that only reads; nil
// if it is to read from the primary. The caller is authenticated by then, with what
// the primary says.
func (s *server) replicaFor(e *core.RequestEvent) *dbx.DB {
	if s.Replica == nil || !s.mayUseReplica(e) || !s.Replica.IsCurrent(e.Request.Context()) {
		return nil
	}
	return s.Replica.Pool()
}

// mayUseReplica reports whether a request reads objects of the documented API, or
// records in the dashboard. Histories and exports first store the events of the trail
// that wait, and then read them: from the primary.
func (s *server) mayUseReplica(e *core.RequestEvent) bool {
	if isWrite(e.Request) {
		return false
	}
	if endpoint.IsRecords(e.Request) {
		return e.HasSuperuserAuth()
	}
	if endpoint.IsBelow(e.Request, "/api/patients/{id}/history") || endpoint.IsBelow(e.Request, "/api/patients/{id}/export") {
		return false
	}
	resources := append([]string{collections.Patients, collections.Doctors, collections.Mappings, "overview"}, s.config.APIResources...)
	return slices.ContainsFunc(resources, func(name string) bool { return endpoint.IsBelow(e.Request, "/api/"+name) })
}
