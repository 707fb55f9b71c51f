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

// guarded lists the program's collections whose records belong to a user. They are
// those whose records are numbered.
var guarded = collections.Numbered()

// isGuarded reports whether the records of a collection belong to a user: those of the
// program's collections, and of the operators' that the API serves.
func isGuarded(app core.App, collection *core.Collection) bool {
	if slices.Contains(guarded, collection.Name) {
		return true
	}
	declared := collections.NowOrNil(app, collection.Name)
	return declared != nil && declared.Owner != ""
}

// bindRecordIDs reserves the choice of new records' ids to the server. A caller
// who chose ids could probe whether another user's record exists.
func bindRecordIDs(app core.App) {
	app.OnRecordCreateRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		if e.Record.Id != "" && !e.HasSuperuserAuth() && isGuarded(e.App, e.Collection) {
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

// refuseForeignUpsert rejects an upsert whose id is not one of the caller's
// records. An upsert updates the record with the given id or creates it; the
// answer must not tell which.
func refuseForeignUpsert(e *core.BatchRequestEvent, request *core.InternalRequest) error {
	name, _, isRecord := endpoint.RecordsPath(request.URL)
	id := cast.ToString(request.Body[core.FieldNameId])
	if request.Method != http.MethodPut || !isRecord || id == "" {
		return nil
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(name)
	if err != nil || !isGuarded(e.App, collection) {
		return nil // PocketBase's rules apply to other collections
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
		Where(dbx.HashExp{"id": id, collections.CreatedBy: e.Auth.Id}).
		WithContext(e.Request.Context()).Row(&count)
	return count > 0, err
}

var errChosenID = refuse("id", "validation_id_not_allowed", "The id of a new record is chosen by the server.")
