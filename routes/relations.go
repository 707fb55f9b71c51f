package routes

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/rest"
)

// visible returns a validator of a field that accepts the ids of objects that the
// caller can read.
func visible(target *resource, field string) func(*rest.Request, string, rest.Data) ([]string, error) {
	return func(r *rest.Request, id string, data rest.Data) ([]string, error) {
		scope := target.scope(r)
		scope["id"] = id
		count, err := target.count(r, scope)
		if err != nil || count > 0 {
			return nil, err
		}
		sent, _ := data.Get(field)
		return []string{rest.InvalidPrimaryKey(sent)}, audit.RecordDenied(r.RequestEvent, target.collection.Name, id, audit.Create)
	}
}

// limitLinks confines the relations that operators have added to the objects that the
// caller can read.
func (s *resource) limitLinks() {
	for _, link := range s.collection.Links {
		for i := range s.fields {
			if s.fields[i].Name == link.Field {
				s.fields[i].Validate = s.linkable(link)
			}
		}
	}
}

// linkable returns a validator that accepts the ids of records that the caller can
// read: by their owner, or by the rule of their collection.
func (s *resource) linkable(link collections.Link) func(*rest.Request, string, rest.Data) ([]string, error) {
	return func(r *rest.Request, id string, data rest.Data) ([]string, error) {
		caller := &core.RequestInfo{Context: core.RequestInfoContextDefault, Method: r.Request.Method, Auth: r.Auth}
		found, err := link.Admits(r.Request.Context(), r.App, caller, s.settings.DoctorsScope, id)
		if err != nil || found {
			return nil, err
		}
		message := rest.NoSuchObject(id)
		if sent, _ := data.Get(link.Field); !rest.IsGeneratedID(id) {
			message = rest.InvalidPrimaryKey(sent)
		}
		return []string{message}, audit.RecordDenied(r.RequestEvent, link.Target, id, audit.Create)
	}
}
