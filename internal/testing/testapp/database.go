package testapp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/datadir"
	"carebase/internal/postgres"
	"carebase/internal/sqlite"
	"carebase/internal/testing/testpostgres"
)

// template is a migrated database that is created once per test binary and
// engine and copied for each app: a data directory and, with PostgreSQL, a
// database.
type template struct {
	once      sync.Once
	directory string
	settings  postgres.Settings
	err       error
}

// templates holds one template per engine.
var templates struct{ sqlite, postgres template }

// chosenTemplate returns the template of the engine that the environment
// selects.
func chosenTemplate() *template {
	if testpostgres.Chosen() {
		return &templates.postgres
	}
	return &templates.sqlite
}

// database locates an app's data: a data directory and, if there are settings,
// a PostgreSQL database.
type database struct {
	directory string
	settings  postgres.Settings
}

// configure returns a copy of the settings that uses the database.
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

// databases holds the databases of apps on PostgreSQL, by data directory.
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

// newDatabase returns a migrated database for one test, on the engine that the
// environment selects.
func newDatabase(t testing.TB) database {
	t.Helper()
	if testpostgres.Chosen() {
		testpostgres.Need(t)
	}
	made := database{directory: t.TempDir()}
	migrated := chosenTemplate()
	migrated.copyTo(t, made.directory)
	if testpostgres.Chosen() {
		made.settings = testpostgres.Copy(t, testpostgres.Name(migrated.settings))
	}
	return made
}

// Migrated returns a new data directory with a migrated database on SQLite, whose
// passwords are quick to hash, for a process.
func Migrated(t testing.TB) string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "pb_data")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	templates.sqlite.copyTo(t, directory)
	datadir.Tighten(directory, io.Discard) // as the program leaves it
	return directory
}

// copyTo copies the template's data directory, and makes the template first if this is
// its first use.
func (template *template) copyTo(t testing.TB, directory string) {
	t.Helper()
	template.once.Do(template.make)
	if template.err != nil {
		t.Fatal(template.err)
	}
	if err := os.CopyFS(directory, os.DirFS(template.directory)); err != nil {
		t.Fatal(err)
	}
}

func (template *template) make() {
	base := core.BaseAppConfig{DBConnect: sqlite.Connect}
	if base.DataDir, template.err = os.MkdirTemp("", "carebase-test-*"); template.err != nil {
		return
	}
	template.directory = base.DataDir
	if template == &templates.postgres {
		if template.settings, template.err = testpostgres.Create("template0"); template.err != nil {
			return
		}
		server, err := postgres.New(template.settings)
		if err != nil {
			template.err = err
			return
		}
		base.DBConnect = server.Connect
	}
	app := core.NewBaseApp(base)
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

// SetPasswordCost sets the bcrypt cost of new passwords, which tests keep low
// to be fast. Cost 0 is PocketBase's default.
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
