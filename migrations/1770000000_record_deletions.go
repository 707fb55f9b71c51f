package migrations

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// What belongs to a deleted record is removed after the request that deletes it.
func init() {
	pocketbase.Register(recordDeletionsUp, recordDeletionsDown)
}

func recordDeletionsUp(app core.App) error {
	_, err := app.DB().NewQuery(`CREATE TABLE record_deletions (
		collection TEXT NOT NULL,
		record     TEXT NOT NULL,
		origin     TEXT NOT NULL,
		closed_at  TEXT NOT NULL,
		remaining  INTEGER DEFAULT -1 NOT NULL,
		PRIMARY KEY (collection, record)
	)`).Execute()
	return err
}

// recordDeletionsDown refuses to bring back what is deleted.
func recordDeletionsDown(app core.App) error {
	var underWay int
	if err := app.DB().Select("count(*)").From("record_deletions").Row(&underWay); err != nil {
		return err
	}
	if underWay > 0 {
		return errors.New("records of deleted accounts are not removed yet: start the server and wait until /readyz says that they are")
	}
	_, err := app.DB().DropTable("record_deletions").Execute()
	return err
}
