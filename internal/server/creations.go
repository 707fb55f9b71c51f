package server

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/forms"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// createRecord creates a record in PocketBase's place, and as PocketBase does, if the
// collection's rule admits the caller whatever the record is. PocketBase asks the
// database about each rule, with a row that it makes of the new record's values, which
// takes a tenth of the whole creation.
func createRecord(e *core.RequestEvent) error {
	collection := openTo(e)
	if collection == nil {
		return e.Next()
	}
	info, err := e.RequestInfo()
	if err != nil {
		return apiError(err, e.BadRequestError("", err))
	}
	record := core.NewRecord(collection)
	values := record.ReplaceModifiers(info.Body)
	for _, field := range collection.Fields {
		if field.GetHidden() {
			delete(values, field.GetName())
		}
	}
	info.Body = values // for hooks, as PocketBase's
	form := forms.NewRecordUpsert(e.App, record)
	form.Load(values)
	event := &core.RecordRequestEvent{RequestEvent: e, Record: record}
	event.Collection = collection
	return e.App.OnRecordCreateRequest().Trigger(event, func(e *core.RecordRequestEvent) error {
		form.SetApp(e.App)
		form.SetRecord(e.Record)
		if err := form.Submit(); err != nil {
			return apiError(err, e.BadRequestError("Failed to create record", err))
		}
		if err := apis.EnrichRecord(e.RequestEvent, e.Record); err != nil {
			return apiError(err, e.InternalServerError("Failed to enrich record", err))
		}
		answer := func() error { return e.JSON(http.StatusOK, e.Record) }
		transaction := e.App.TxInfo()
		if transaction == nil {
			return answer()
		}
		transaction.OnComplete(func(failure error) error {
			if failure != nil {
				return nil
			}
			return answer()
		})
		return nil
	})
}

// openTo returns the collection that the request creates a record in, or nil if that is
// PocketBase's to decide or to read: superusers are admitted without the rule, accounts may
// have others who manage them, forms may have files, and limits may be for collections.
func openTo(e *core.RequestEvent) *core.Collection {
	if endpoint.Of(e.Request) != endpoint.CreateRecord || isMultipart(e.Request) || e.App.Settings().RateLimits.Enabled {
		return nil
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || collection.Type != core.CollectionTypeBase || !collections.AdmitsUsers(collection.CreateRule) {
		return nil
	}
	if e.Auth == nil || e.Auth.Collection().Name != collections.Users {
		return nil
	}
	return collection
}

// apiError returns the answer that an error carries, or else the other one, as PocketBase
// does.
func apiError(err error, otherwise *router.ApiError) *router.ApiError {
	if carried, ok := errors.AsType[*router.ApiError](err); ok {
		return carried
	}
	return otherwise
}
