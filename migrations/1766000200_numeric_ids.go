package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The ids of a Django deployment, which are short numbers, are admitted beside
// PocketBase's own.
func init() {
	pocketbase.Register(
		func(app core.App) error { return setShortestID(app, 1) },
		func(app core.App) error { return setShortestID(app, core.DefaultIdLength) },
	)
}

func setShortestID(app core.App, length int) error {
	return changeIDs(app, func(id *core.TextField) { id.Min = length })
}
