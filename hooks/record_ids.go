package hooks

import (
	"net/http"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// guarded are the collections whose records are somebody's.
var guarded = append([]string{collections.Users}, collections.Names(collections.Owned())...)

// bindRecordIDs lets the server choose the ids of new records. A caller who
// chooses them could ask "is there a record with this id?", whoever owns it.
func bindRecordIDs(app core.App) {
	app.OnRecordCreateRequest(guarded...).BindFunc(func(e *core.RecordRequestEvent) error {
		if e.Record.Id != "" && !e.HasSuperuserAuth() {
			return errChosenID
		}
		return e.Next()
	})
	app.OnBatchRequest().BindFunc(func(e *core.BatchRequestEvent) error {
		if e.HasSuperuserAuth() {
			return e.Next()
		}
		for _, request := range e.Batch {
			if err := refuseForeignUpsert(e, request); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

// refuseForeignUpsert refuses an upsert under an id that is not the caller's.
// An upsert updates the record with the given id or creates it; whether there is
// such a record must not show.
func refuseForeignUpsert(e *core.BatchRequestEvent, request *core.InternalRequest) error {
	name, _, isRecord := endpoint.RecordsPath(request.URL)
	id := cast.ToString(request.Body[core.FieldNameId])
	if request.Method != http.MethodPut || !isRecord || id == "" {
		return nil
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(name)
	if err != nil || !slices.Contains(guarded, collection.Name) {
		return nil // PocketBase answers for other collections
	}
	owned, err := owns(e, collection, id)
	if err != nil || owned {
		return err
	}
	return errChosenID
}

func owns(e *core.BatchRequestEvent, collection *core.Collection, id string) (bool, error) {
	if e.Auth == nil {
		return false, nil
	}
	if collection.Name == collections.Users {
		return id == e.Auth.Id, nil
	}
	var count int
	err := e.App.DB().Select("count(*)").From(collection.Name).
		Where(dbx.HashExp{"id": id, collections.Get(collection.Name).Owner: e.Auth.Id}).
		WithContext(e.Request.Context()).Row(&count)
	return count > 0, err
}

var errChosenID = refuse("id", "validation_id_not_allowed", "The id of a new record is chosen by the server.")
