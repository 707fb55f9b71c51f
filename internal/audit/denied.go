package audit

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// actions maps HTTP methods to actions.
var actions = map[string]Action{
	http.MethodGet: Read, http.MethodHead: Read, http.MethodPost: Create,
	http.MethodPut: Update, http.MethodPatch: Update, http.MethodDelete: Delete,
}

// ActionOf returns the action of an HTTP method.
func ActionOf(method string) Action { return actions[method] }

// RecordDenied records that a request was denied access to a record. It records
// nothing if the record does not exist; the caller cannot tell the difference.
func RecordDenied(e *core.RequestEvent, collection, id string, action Action) error {
	record, err := e.App.FindRecordById(collection, id)
	if err != nil || !isRecorded(record.Collection()) {
		return nil // no such record
	}
	shown, patients, err := seen(e.Request.Context(), e.App, record)
	if err != nil {
		return err
	}
	return Record(e, Event{
		Action: action, Outcome: Denied, Collection: record.Collection().Name,
		Records: []string{shown}, Patients: patients,
	})
}

// recordRefusal records requests for records that PocketBase's endpoints refused.
func recordRefusal(e *core.RequestEvent, failure error) error {
	var refusal *router.ApiError
	if !errors.As(failure, &refusal) {
		return nil
	}
	collection, id := e.Request.PathValue("collection"), e.Request.PathValue("id")+e.Request.PathValue("recordId")
	switch {
	case collection == "":
		return nil
	case id != "" && (refusal.Status == http.StatusForbidden || refusal.Status == http.StatusNotFound):
		return RecordDenied(e, collection, id, actions[e.Request.Method])
	case id == "" && e.Request.Method == http.MethodPost && refusal.Status == http.StatusBadRequest:
		return recordRefusedRelations(e, collection)
	}
	return nil
}

// recordRefusedRelations records that a refused new record referred to records of
// other owners.
func recordRefusedRelations(e *core.RequestEvent, name string) error {
	collection, err := e.App.FindCachedCollectionByNameOrId(name)
	if err != nil {
		return nil // no such collection
	}
	info, err := e.RequestInfo()
	if err != nil {
		return nil // no readable body
	}
	return recordForeign(e, collection, info.Body, Create)
}

// recordForeign records the records of other owners that a body refers to.
func recordForeign(e *core.RequestEvent, collection *core.Collection, body map[string]any, action Action) error {
	for _, field := range collection.Fields {
		relation, ok := field.(*core.RelationField)
		if !ok {
			continue
		}
		record, err := e.App.FindRecordById(relation.CollectionId, cast.ToString(body[relation.Name]))
		if err != nil || isCallers(e, record) {
			continue
		}
		if err := RecordDenied(e, record.Collection().Name, record.Id, action); err != nil {
			return err
		}
	}
	return nil
}

// isCallers reports whether a record belongs to the caller or has no owner.
func isCallers(e *core.RequestEvent, record *core.Record) bool {
	owner := record.GetString(collections.CreatedBy)
	return owner == "" || e.Auth != nil && owner == e.Auth.Id
}

// bindBatches records the records of other owners that a refused batch refers to.
func (t *Trail) bindBatches() {
	t.app.OnBatchRequest().BindFunc(func(e *core.BatchRequestEvent) error {
		failure := e.Next()
		if failure == nil || e.HasSuperuserAuth() {
			return failure
		}
		for _, part := range e.Batch {
			name, id, found := endpoint.RecordsPath(part.URL)
			if !found {
				continue
			}
			collection, err := e.App.FindCachedCollectionByNameOrId(name)
			if err != nil || !isRecorded(collection) {
				continue
			}
			if part.Method == http.MethodPut {
				id = cast.ToString(part.Body["id"])
			}
			if record, err := e.App.FindRecordById(collection, id); err == nil && !isCallers(e.RequestEvent, record) {
				if err := RecordDenied(e.RequestEvent, collection.Name, id, actions[part.Method]); err != nil {
					return err
				}
			}
			if err := recordForeign(e.RequestEvent, collection, part.Body, actions[part.Method]); err != nil {
				return err
			}
		}
		return failure
	})
}
