package server

import (
	"slices"
	"strings"

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

// mayUseReplica reports whether a request reads a list of the documented API, or of
// records in the dashboard. What reads less costs the primary less than the question
// how far the replica is.
func (s *server) mayUseReplica(e *core.RequestEvent) bool {
	if isWrite(e.Request) {
		return false
	}
	path := endpoint.Path(e.Request)
	if path == "/api/collections/{collection}/records" {
		return e.HasSuperuserAuth()
	}
	name, found := strings.CutPrefix(path, "/api/")
	return found && (slices.Contains(listed, name) || slices.Contains(s.config.APIResources, name))
}

// listed are the paths of lists below /api, besides those of API_RESOURCES.
var listed = []string{collections.Patients, collections.Doctors, collections.Mappings, "overview", "overview/changes"}
