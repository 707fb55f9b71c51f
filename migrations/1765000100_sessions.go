package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(sessionsUp, drop(collections.Sessions))
}

func sessionsUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	sessions := core.NewBaseCollection(collections.Sessions)
	sessions.Fields.Add(
		&core.RelationField{
			Name: "user", CollectionId: users.Id, MaxSelect: 1, Required: true,
			CascadeDelete: true, Help: "Who signed in. Deleting the row ends all tokens of the session.",
		},
		&core.TextField{Name: "jti", Max: 64, Help: "The id of the session's newest refresh token; empty for a sign-in on PocketBase's own API, which has none."},
		&core.DateField{Name: "last_used_at", Required: true, Help: "When a token was last issued to the session, to the minute."},
		&core.DateField{Name: "expires_at", Required: true, Help: "When the last of its tokens expires; the row is removed after that."},
		&core.TextField{Name: "address", Max: 64, Presentable: true, Help: "The client's address when it was last used."},
		&core.TextField{Name: "user_agent", Max: 512, Help: "What the client called itself then."},
		createdField(),
	)
	sessions.AddIndex("idx_sessions_user", false, "user, created_at", "")
	sessions.AddIndex("idx_sessions_expiry", false, "expires_at", "")
	return save(app, sessions)
}
