package routes

import (
	"database/sql"
	"errors"

	"github.com/pocketbase/dbx"
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
				s.fields[i].Validate = s.linkable(link.Target)
			}
		}
	}
}

// linkable returns a validator that accepts the ids of records that the caller can
// read: by their owner, or by the rule of their collection.
func (s *resource) linkable(name string) func(*rest.Request, string, rest.Data) ([]string, error) {
	return func(r *rest.Request, id string, _ rest.Data) ([]string, error) {
		declared, stored, err := collections.Now(r.App, name)
		if err != nil {
			return nil, err
		}
		found := false
		if declared != nil && declared.Resource != nil {
			target := &resource{collection: declared, readableByAll: declared.IsReadableByAll(s.settings.DoctorsScope)}
			scope := target.scope(r)
			scope["id"] = id
			var count int64
			count, err = target.count(r, scope)
			found = count > 0
		} else {
			found, err = admits(r, stored, id)
		}
		if err != nil || found {
			return nil, err
		}
		return []string{rest.NoSuchObject(id)}, audit.RecordDenied(r.RequestEvent, stored.Name, id, audit.Create)
	}
}

// admits reports whether a collection has a record that its view rule shows to the
// caller.
func admits(r *rest.Request, stored *core.Collection, id string) (bool, error) {
	record := &core.Record{}
	err := r.App.RecordQuery(stored).AndWhere(dbx.HashExp{core.FieldNameId: id}).WithContext(r.Request.Context()).Limit(1).One(record)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	caller := &core.RequestInfo{Context: core.RequestInfoContextDefault, Method: r.Request.Method, Auth: r.Auth}
	return r.App.CanAccessRecord(record, caller, stored.ViewRule)
}
