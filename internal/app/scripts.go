package app

import (
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/plugins/migratecmd"

	"carebase/internal/scripts"
)

// bindScripts loads the operators' scripts, last of all, so that the program's own
// hooks stand around theirs. With JavaScript migrations, "migrate create" writes such.
func bindScripts(app *pocketbase.PocketBase, limits scripts.Limits) error {
	migrations := migratecmd.Config{}
	if scripts.HasMigrations(app) {
		migrations.TemplateLang = migratecmd.TemplateLangJS
	}
	migratecmd.MustRegister(app, app.RootCmd, migrations)
	return scripts.Bind(app, limits)
}
