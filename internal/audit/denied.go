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

// actions are what methods stand for.
var actions = map[string]Action{
	http.MethodGet: Read, http.MethodHead: Read, http.MethodPost: Create,
	http.MethodPut: Update, http.MethodPatch: Update, http.MethodDelete: Delete,
}

// ActionOf returns what a request's method stands for.
func ActionOf(method string) Action { return actions[method] }

// RecordDenied records that a request was refused what it wanted of a record, if
// there is such a record. To the caller it makes no difference whether there is.
func RecordDenied(e *core.RequestEvent, collection, id string, action Action) error {
	record, err := e.App.FindRecordById(collection, id)
	if err != nil || !isRecorded(record.Collection()) {
		return nil // no such record, as far as can be told
	}
	return Record(e, Event{
		Action: action, Outcome: Denied, Collection: record.Collection().Name,
		Records: []string{record.Id}, Patients: patientsOf(record),
	})
}

// recordRefusal records what PocketBase's own endpoints refused.
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

// recordRefusedRelations records that a new record was to name records that are
// not the caller's.
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

// recordForeign records that a body names records of others.
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

// isCallers reports whether a record is the caller's, or nobody's.
func isCallers(e *core.RequestEvent, record *core.Record) bool {
	owner := record.GetString(collections.CreatedBy)
	return owner == "" || e.Auth != nil && owner == e.Auth.Id
}

// bindBatches records what batches were refused: the records of others that a
// batch names that came to nothing.
func (t *Trail) bindBatches() {
	t.app.OnBatchRequest().BindFunc(func(e *core.BatchRequestEvent) error {
		failure := e.Next()
		if failure == nil || e.HasSuperuserAuth() {
			return failure
		}
		for _, request := range e.Batch {
			name, id, found := endpoint.RecordsPath(request.URL)
			if !found {
				continue
			}
			collection, err := e.App.FindCachedCollectionByNameOrId(name)
			if err != nil || !isRecorded(collection) {
				continue
			}
			if request.Method == http.MethodPut {
				id = cast.ToString(request.Body["id"])
			}
			if record, err := e.App.FindRecordById(collection, id); err == nil && !isCallers(e.RequestEvent, record) {
				if err := RecordDenied(e.RequestEvent, collection.Name, id, actions[request.Method]); err != nil {
					return err
				}
			}
			if err := recordForeign(e.RequestEvent, collection, request.Body, actions[request.Method]); err != nil {
				return err
			}
		}
		return failure
	})
}
