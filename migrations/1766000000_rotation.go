package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// A blacklisted token that was rotated names its successor, so that a client that
// has lost the answer can be given the same one again.
func init() {
	pocketbase.Register(rotationUp, rotationDown)
}

func rotationUp(app core.App) error {
	tokens, err := app.FindCollectionByNameOrId(collections.BlacklistedTokens)
	if err != nil {
		return err
	}
	tokens.Fields.Add(
		&core.TextField{Name: "successor", Max: 64, Help: "The id of the refresh token that replaced it; empty after a logout."},
		&core.DateField{Name: "rotated_at", Help: "When the successor was issued."},
	)
	return save(app, tokens)
}

func rotationDown(app core.App) error {
	tokens, err := app.FindCollectionByNameOrId(collections.BlacklistedTokens)
	if err != nil {
		return err
	}
	tokens.Fields.RemoveByName("successor")
	tokens.Fields.RemoveByName("rotated_at")
	return app.Save(tokens)
}
