package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The files of deleted records are removed after the transaction that deletes these, also
// by a later process. Without a record, they are all those of a deleted collection.
func init() {
	pocketbase.Register(fileRemovalsUp, fileRemovalsDown)
}

func fileRemovalsUp(app core.App) error {
	return execute(app, `CREATE TABLE file_removals (
		collection TEXT NOT NULL,
		record     TEXT NOT NULL,
		PRIMARY KEY (collection, record)
	)`)
}

// fileRemovalsDown refuses to forget files.
func fileRemovalsDown(app core.App) error {
	var left int
	if err := app.DB().Select("count(*)").From("file_removals").Row(&left); err != nil {
		return err
	}
	if left > 0 {
		return errors.New("files of deleted records are not removed yet: start the server, and see its log if they stay")
	}
	_, err := app.DB().DropTable("file_removals").Execute()
	return err
}
