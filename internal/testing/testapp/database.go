package testapp

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/postgres"
	"carebase/internal/sqlite"
	"carebase/internal/testing/testpostgres"
)

// template is a migrated database, made once per test binary and engine and
// copied for each app: a data directory, and on PostgreSQL a database beside it.
type template struct {
	once      sync.Once
	directory string
	settings  postgres.Settings
	err       error
}

// templates are those of SQLite and of PostgreSQL.
var templates struct{ sqlite, postgres template }

// chosenTemplate is that of the engine that the environment chooses.
func chosenTemplate() *template {
	if testpostgres.Chosen() {
		return &templates.postgres
	}
	return &templates.sqlite
}

// database is where an app's data is: in files of a directory, or in PostgreSQL
// if there are settings, with the rest in the directory.
type database struct {
	directory string
	settings  postgres.Settings
}

// configure returns the settings of an app on the database.
func (d database) configure(settings *config.Config) *config.Config {
	configured := *settings
	configured.DataDir = d.directory
	if d.settings.URL != "" {
		databases.Store(d.directory, d)
		onPostgreSQL := config.PostgreSQL(d.settings)
		configured.PostgreSQL = &onPostgreSQL
	}
	return &configured
}

// databases are those of the apps on PostgreSQL, by data directory.
var databases sync.Map

func databaseOf(app core.App) database {
	if found, ok := databases.Load(app.DataDir()); ok {
		return found.(database)
	}
	return database{directory: app.DataDir()}
}

// PostgreSQL returns the URL of an app's database; ok is false on SQLite.
func PostgreSQL(app core.App) (url string, ok bool) {
	url = databaseOf(app).settings.URL
	return url, url != ""
}

// newDatabase returns a migrated database of the test's own: SQLite, or
// PostgreSQL if the environment chooses it.
func newDatabase(t testing.TB) database {
	t.Helper()
	if testpostgres.Chosen() {
		testpostgres.Need(t)
	}
	template := chosenTemplate()
	template.once.Do(template.make)
	if template.err != nil {
		t.Fatal(template.err)
	}
	made := database{directory: t.TempDir()}
	if err := os.CopyFS(made.directory, os.DirFS(template.directory)); err != nil {
		t.Fatal(err)
	}
	if testpostgres.Chosen() {
		made.settings = testpostgres.Copy(t, testpostgres.Name(template.settings))
	}
	return made
}

func (template *template) make() {
	config := core.BaseAppConfig{DBConnect: sqlite.Connect}
	if config.DataDir, template.err = os.MkdirTemp("", "carebase-test-*"); template.err != nil {
		return
	}
	template.directory = config.DataDir
	if testpostgres.Chosen() {
		if template.settings, template.err = testpostgres.Create("template0"); template.err != nil {
			return
		}
		database, err := postgres.New(template.settings)
		if err != nil {
			template.err = err
			return
		}
		config.DBConnect = database.Connect
	}
	app := core.NewBaseApp(config)
	if template.err = app.Bootstrap(); template.err != nil {
		return
	}
	if template.err = app.RunAllMigrations(); template.err != nil {
		return
	}
	if template.err = SetPasswordCost(app, bcrypt.MinCost); template.err != nil {
		return
	}
	template.err = app.ResetBootstrapState()
}

// SetPasswordCost says how much work it is to hash a password: little, so that
// tests do not spend most of their time on it, or 0 for as much as elsewhere.
func SetPasswordCost(app core.App, cost int) error {
	for _, name := range []string{collections.Users, core.CollectionNameSuperusers} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		field, ok := collection.Fields.GetByName(core.FieldNamePassword).(*core.PasswordField)
		if !ok {
			return fmt.Errorf("%s has no passwords", name)
		}
		field.Cost = cost
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}

func (template *template) remove() error {
	var err error
	if template.settings.URL != "" {
		err = testpostgres.Drop(template.settings)
	}
	if template.directory != "" {
		err = errors.Join(err, os.RemoveAll(template.directory))
	}
	return err
}
