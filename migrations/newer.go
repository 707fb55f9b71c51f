package migrations

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

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
	newest := slices.MaxFunc(slices.DeleteFunc(slices.Clone(known), func(m *core.Migration) bool { return strings.HasSuffix(m.File, ".js") }), func(a, b *core.Migration) int { return cmp.Compare(a.File, b.File) }).File
	for _, file := range applied {
		isScript := strings.HasSuffix(file, ".js")
		switch {
		case isScript && !slices.ContainsFunc(known, func(m *core.Migration) bool { return m.File == file }):
			return fmt.Errorf("the migration %s was applied, and is not in pb_migrations: put it back, or forget it with carebase migrate history-sync", file)
		case !isScript && file > newest:
			return fmt.Errorf("a newer version of Carebase has migrated the database (%s): start that version, or restore a backup from before", file)
		}
	}
	return nil
}
