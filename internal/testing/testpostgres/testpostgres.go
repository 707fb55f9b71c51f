// Package testpostgres creates PostgreSQL databases for tests, on the server
// that an environment variable names.
package testpostgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/postgres"
)

// Variable is the environment variable with the server's URL. Its role needs
// CREATEDB.
const Variable = "CAREBASE_TEST_POSTGRES"

const timeout = 30 * time.Second

// EngineVariable is the environment variable that selects the engine of test
// apps: "postgres", or SQLite otherwise.
const EngineVariable = "CAREBASE_TEST_ENGINE"

// Chosen reports whether test apps use PostgreSQL.
func Chosen() bool { return os.Getenv(EngineVariable) == "postgres" }

// Choose makes the apps of a test use PostgreSQL. It skips the test if there is
// no server.
func Choose(t testing.TB) {
	t.Helper()
	Need(t)
	t.Setenv(EngineVariable, "postgres")
}

// ChooseSQLite makes the apps of a test use SQLite, whatever the environment
// says.
func ChooseSQLite(t testing.TB) {
	t.Helper()
	t.Setenv(EngineVariable, "")
}

// Need skips the test if there is no server, and fails it in CI.
func Need(t testing.TB) {
	t.Helper()
	if os.Getenv(Variable) != "" {
		return
	}
	message := "this test needs PostgreSQL 15 or later: install it (Debian: postgresql-15), run internal/testing/testpostgres/cluster start, and set " + Variable
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// New returns the settings of an empty database, which is dropped when the test
// ends.
func New(t testing.TB) postgres.Settings {
	t.Helper()
	Need(t)
	return Copy(t, "template0")
}

// Copy returns the settings of a copy of a database, which is dropped when the
// test ends.
func Copy(t testing.TB, template string) postgres.Settings {
	t.Helper()
	settings, err := Create(template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Drop(settings); err != nil {
			t.Error(err)
		}
	})
	return settings
}

// Create creates a database from a template. The caller drops it.
func Create(template string) (postgres.Settings, error) {
	name := "carebase_test_" + strings.ToLower(rand.Text())
	target, err := url.Parse(os.Getenv(Variable))
	if err != nil {
		return postgres.Settings{}, fmt.Errorf("%s is not a URL", Variable)
	}
	if err := run(fmt.Sprintf(`CREATE DATABASE "%s" TEMPLATE "%s"`, name, template)); err != nil {
		return postgres.Settings{}, err
	}
	target.Path = "/" + name
	return postgres.Settings{URL: target.String(), MaxConnections: 12}, nil
}

// Drop drops a database. PostgreSQL waits for connections that are about to
// close; if others remain, Drop terminates them.
func Drop(settings postgres.Settings) error {
	drop := fmt.Sprintf(`DROP DATABASE "%s"`, Name(settings))
	if err := run(drop); err == nil {
		return nil
	}
	return run(drop + " WITH (FORCE)")
}

// Name returns the name of the database.
func Name(settings postgres.Settings) string {
	target, err := url.Parse(settings.URL)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(target.Path, "/")
}

// run runs a statement in the database of the server's URL.
func run(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	connection, err := pgconn.Connect(ctx, os.Getenv(Variable))
	if err != nil {
		return fmt.Errorf("failed to connect to the server of %s: %w", Variable, err)
	}
	_, err = connection.Exec(ctx, statement).ReadAll()
	if closeErr := connection.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}
