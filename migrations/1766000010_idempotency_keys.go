package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(idempotencyKeysUp, drop(collections.IdempotencyKeys))
}

func idempotencyKeysUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	keys := core.NewBaseCollection(collections.IdempotencyKeys)
	if id, ok := keys.Fields.GetByName(core.FieldNameId).(*core.TextField); ok {
		id.Min, id.Max, id.AutogeneratePattern = 64, 64, "[a-f0-9]{64}"
	}
	keys.Fields.Add(
		&core.RelationField{Name: "user", CollectionId: users.Id, MaxSelect: 1, Required: true, CascadeDelete: true, Help: "Who sent the request."},
		&core.TextField{Name: "body", Max: 64, Help: "The SHA-256 of the request's body."},
		&core.NumberField{Name: "status", OnlyInt: true, Help: "The HTTP status of the answer."},
		&core.TextField{Name: "record", Max: 64, Help: "The id of the record that the request created."},
		createdField(),
	)
	keys.AddIndex("idx_idempotency_keys_user", false, "user", "")
	keys.AddIndex("idx_idempotency_keys_created", false, "created_at", "")
	return save(app, keys)
}
