// Package testpostgres gives tests PostgreSQL databases of their own, on the
// server that the environment names.
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

// Variable names the server: a URL of a role that may create databases.
const Variable = "CAREBASE_TEST_POSTGRES"

const timeout = 30 * time.Second

// EngineVariable chooses what the app of tests stores in: "postgres", or SQLite.
const EngineVariable = "CAREBASE_TEST_ENGINE"

// Chosen reports whether the app of tests is to store in PostgreSQL.
func Chosen() bool { return os.Getenv(EngineVariable) == "postgres" }

// Choose has the apps of a test store in PostgreSQL.
func Choose(t testing.TB) {
	t.Helper()
	Need(t)
	t.Setenv(EngineVariable, "postgres")
}

// ChooseSQLite has the apps of a test store in SQLite, whatever the environment
// says.
func ChooseSQLite(t testing.TB) {
	t.Helper()
	t.Setenv(EngineVariable, "")
}

// Need skips the test if there is no server, or fails it where nothing may skip.
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

// New returns an empty database that goes when the test ends.
func New(t testing.TB) postgres.Settings {
	t.Helper()
	Need(t)
	return Copy(t, "template0")
}

// Copy returns a copy of a database that goes when the test ends.
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

// Create makes a database that is the caller's to drop.
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

// Drop removes a database. The server waits for connections that are about to
// close; those that do not are ended.
func Drop(settings postgres.Settings) error {
	drop := fmt.Sprintf(`DROP DATABASE "%s"`, Name(settings))
	if err := run(drop); err == nil {
		return nil
	}
	return run(drop + " WITH (FORCE)")
}

// Name is the name of a database.
func Name(settings postgres.Settings) string {
	target, err := url.Parse(settings.URL)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(target.Path, "/")
}

// run runs a statement beside the databases of tests.
func run(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	connection, err := pgconn.Connect(ctx, os.Getenv(Variable))
	if err != nil {
		return fmt.Errorf("the server that %s names: %w", Variable, err)
	}
	_, err = connection.Exec(ctx, statement).ReadAll()
	if closeErr := connection.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}
