package hooks

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/migrations"
)

// bindRecordIDs lets the server choose the ids of new records. A caller who
// may choose them can ask "is there a record with this id?", whoever owns it.
func bindRecordIDs(app core.App) {
	guarded := append([]string{migrations.Users}, healthCollections...)
	app.OnRecordCreateRequest(guarded...).BindFunc(func(e *core.RecordRequestEvent) error {
		if e.Record.Id != "" && !e.HasSuperuserAuth() {
			return errChosenID
		}
		return e.Next()
	})

	// An upsert updates the record with the given id or creates it. To a
	// caller who may not see that record it must look as if there were none.
	upsert := regexp.MustCompile(`^/api/collections/([^/?]+)/records(\?.*)?$`)
	app.OnBatchRequest().BindFunc(func(e *core.BatchRequestEvent) error {
		for _, request := range e.Batch {
			match := upsert.FindStringSubmatch(request.URL)
			id := cast.ToString(request.Body["id"])
			if request.Method != http.MethodPut || match == nil || id == "" || e.HasSuperuserAuth() {
				continue
			}
			collection, err := e.App.FindCachedCollectionByNameOrId(match[1])
			if err != nil || !slices.Contains(guarded, collection.Name) {
				continue
			}
			owned, err := owns(e, collection, id)
			if err != nil {
				return err
			}
			if !owned {
				return errChosenID
			}
		}
		return e.Next()
	})
}

func owns(e *core.BatchRequestEvent, collection *core.Collection, id string) (bool, error) {
	if e.Auth == nil {
		return false, nil
	}
	if collection.Name == migrations.Users {
		return id == e.Auth.Id, nil
	}
	var count int
	err := e.App.DB().Select("count(*)").From(collection.Name).
		Where(dbx.HashExp{"id": id, "created_by": e.Auth.Id}).
		WithContext(e.Request.Context()).Row(&count)
	return count > 0, err
}

var errChosenID = refuse("id", "validation_id_not_allowed", "The id of a new record is chosen by the server.")
