package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(blacklistedTokensUp, drop(collections.BlacklistedTokens))
}

func blacklistedTokensUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	tokens := core.NewBaseCollection(collections.BlacklistedTokens)
	tokens.Fields.Add(
		&core.TextField{Name: "jti", Required: true, Max: 64, Presentable: true, Help: "The id of a refresh token that was ended before it expired."},
		&core.RelationField{
			Name: "user", CollectionId: users.Id, MaxSelect: 1, Required: true,
			CascadeDelete: true, Help: "Whose token it was.",
		},
		&core.DateField{Name: "expires_at", Required: true, Help: "When the token would have expired; the row is removed after that."},
		createdField(),
	)
	tokens.AddIndex("idx_blacklisted_tokens_jti", true, "jti", "")
	tokens.AddIndex("idx_blacklisted_tokens_user", false, "user", "")
	tokens.AddIndex("idx_blacklisted_tokens_expiry", false, "expires_at", "")
	return save(app, tokens)
}
