package migrations

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pocketbase/pocketbase/core"
)

// RefuseNewer fails for a database that a newer version of the program has
// migrated. PocketBase itself would serve it, and break what it does not know.
func RefuseNewer(app core.App) error {
	var applied []string
	if err := app.DB().Select("file").From(core.DefaultMigrationsTable).OrderBy("file").Column(&applied); err != nil {
		return err
	}
	known := slices.Concat(core.SystemMigrations.Items(), core.AppMigrations.Items())
	newest := slices.MaxFunc(known, func(a, b *core.Migration) int { return cmp.Compare(a.File, b.File) }).File
	for _, file := range applied {
		if file > newest {
			return fmt.Errorf("a newer version of Carebase has migrated the database (%s): start that version, or restore a backup from before", file)
		}
	}
	return nil
}
