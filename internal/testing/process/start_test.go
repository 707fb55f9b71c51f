package process

import (
	"bytes"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"carebase/internal/sqlite"
	"carebase/internal/testing/testpostgres"
)

// TestPostgreSQLThatStopsTheStart asserts that whatever is wrong with PostgreSQL
// at start is one line without the password, and exit status 1.
func TestPostgreSQLThatStopsTheStart(t *testing.T) {
	server := testpostgres.New(t)
	at := func(user *url.Userinfo, database string) string {
		target, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		target.User = user
		if database != "" {
			target.Path = "/" + database
		}
		return target.String()
	}
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	name, guarded := testpostgres.Name(server), url.UserPassword("guarded", "hush-hush")
	nobody := closedAddress(t)
	host, port, err := net.SplitHostPort(nobody)
	if err != nil {
		t.Fatal(err)
	}
	old := oldServer(t, "14.11")
	for _, test := range []struct {
		name        string
		environment []string
		want        string
	}{
		{"a wrong password", []string{"PG_DB=" + name, "PG_USER=guarded", "PG_PASSWORD=hush-hush", "PG_HOST=127.0.0.1", "PG_PORT=" + target.Port(), "PG_SSLMODE=disable"}, `rejected user "guarded": wrong password`},
		{"a wrong password in a URL", []string{"DATABASE_URL=" + at(guarded, "")}, `rejected user "guarded": wrong password`},
		{"an unknown role", []string{"DATABASE_URL=" + at(url.UserPassword("stranger", "hush-hush"), "")}, `rejected user "stranger"`},
		{"a missing database", []string{"DATABASE_URL=" + at(url.UserPassword("carebase", "hush-hush"), "missing")}, `has no database "missing"`},
		{"nobody at the port", []string{"PG_DB=healthcare", "PG_PASSWORD=hush-hush", "PG_USER=somebody", "PG_HOST=" + host, "PG_PORT=" + port}, "PostgreSQL at " + nobody + " cannot be reached: connection refused"},
		{"nobody at the port of a URL", []string{"DATABASE_URL=postgres://somebody:hush-hush@" + nobody + "/healthcare"}, "PostgreSQL at " + nobody + " cannot be reached"},
		{"an unknown host", []string{"DATABASE_URL=postgres://somebody:hush-hush@db.invalid/healthcare"}, "PostgreSQL at db.invalid:5432 cannot be reached"},
		{"an older server", []string{"DATABASE_URL=postgres://somebody:hush-hush@" + old + "/healthcare?sslmode=disable"}, "PostgreSQL 15 or later is required, the server is version 14.11"},
		{"an older server behind a pooler", []string{"DATABASE_URL=" + server.URL, "PG_DIRECT_URL=postgres://somebody:hush-hush@" + old + "/healthcare?sslmode=disable"}, "PostgreSQL 15 or later is required, the server is version 14.11"},
		{"no pooler", []string{"DATABASE_URL=postgres://somebody:hush-hush@" + nobody + "/healthcare", "PG_DIRECT_URL=" + server.URL}, "the pooler at " + nobody + " cannot be reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refusesToStart(t, test.environment, test.want)
		})
	}
}

func TestAPoolerThatStopsTheStart(t *testing.T) {
	pooler := testpostgres.StartPooler(t, testpostgres.New(t), 3)
	through := func(change func(*url.URL)) string {
		target, err := url.Parse(pooler.Settings.URL)
		if err != nil {
			t.Fatal(err)
		}
		target.User = url.UserPassword("carebase", "hush-hush")
		change(target)
		return target.String()
	}
	same := through(func(*url.URL) {})
	other := testpostgres.New(t)
	t.Run("nobody said that it is one", func(t *testing.T) {
		refusesToStart(t, []string{"DATABASE_URL=" + same}, "is a pooler such as PgBouncer: set PG_DIRECT_URL to the address of PostgreSQL itself")
	})
	t.Run("the direct address is one", func(t *testing.T) {
		refusesToStart(t, []string{"DATABASE_URL=" + same, "PG_DIRECT_URL=" + same}, "is a pooler such as PgBouncer")
	})
	t.Run("it leads elsewhere", func(t *testing.T) {
		refusesToStart(t, []string{"DATABASE_URL=" + same, "PG_DIRECT_URL=" + other.URL}, "lead to different databases")
	})
	t.Run("its database is missing", func(t *testing.T) {
		missing := through(func(target *url.URL) { target.Path = "/missing" })
		refusesToStart(t, []string{"DATABASE_URL=" + missing, "PG_DIRECT_URL=" + other.URL}, `"missing"`)
	})
}

func TestADatabaseOfANewerVersionIsNotServed(t *testing.T) {
	settings := testpostgres.New(t)
	environment := []string{"DATABASE_URL=" + settings.URL}
	fleet := newFleetOn(t, settings, 1)
	fleet.processes[0].end(t)
	for name, test := range map[string]struct{ change, undo, want string }{
		"the engine's schema":  {"UPDATE sqlite.version SET number = number + 1", "UPDATE sqlite.version SET number = number - 1", "created by a newer version of this program"},
		"the cluster's schema": {"UPDATE cluster.version SET number = number + 1", "UPDATE cluster.version SET number = number - 1", "created by a newer version of this program"},
		"a migration": {"INSERT INTO data._migrations (file, applied) VALUES ('9999999999_future.go', 1)", "DELETE FROM data._migrations WHERE file = '9999999999_future.go'",
			"a newer version of Carebase has migrated the database (9999999999_future.go)"},
	} {
		t.Run(name, func(t *testing.T) {
			query[int](fleet, "WITH changed AS ("+test.change+" RETURNING 1) SELECT count(*)::int FROM changed")
			refusesToStart(t, environment, test.want)
			query[int](fleet, "WITH changed AS ("+test.undo+" RETURNING 1) SELECT count(*)::int FROM changed")
		})
	}
}

func TestAFileOfANewerVersionIsNotServed(t *testing.T) {
	directory := t.TempDir()
	if output, err := command(t, directory, nil, "migrate", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = database.NewQuery("INSERT INTO _migrations (file, applied) VALUES ('9999999999_future.go', 1)").Execute()
	if err := errors.Join(err, database.Close()); err != nil {
		t.Fatal(err)
	}
	refusesToStartIn(t, directory, nil, "a newer version of Carebase has migrated the database (9999999999_future.go)")
}

// refusesToStart asserts that the server ends with one line and status 1.
func refusesToStart(t *testing.T, environment []string, want string) {
	t.Helper()
	refusesToStartIn(t, t.TempDir(), environment, want)
}

func refusesToStartIn(t *testing.T, directory string, environment []string, want string) {
	t.Helper()
	carebase := command(t, directory, environment, "serve")
	var output bytes.Buffer
	carebase.Stdout, carebase.Stderr = &output, &output
	if err := carebase.Run(); err == nil || carebase.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
	said := output.String()
	if !strings.Contains(said, want) || strings.Count(said, "\n") != 1 || strings.Contains(said, "hush") {
		t.Errorf("got %q, want %q in one line", said, want)
	}
}

// closedAddress is one where nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// oldServer lets everybody in and says that it is an older PostgreSQL. It
// returns its address.
func oldServer(t *testing.T, version string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go greet(connection, version)
		}
	}()
	return listener.Addr().String()
}

func greet(connection net.Conn, version string) {
	defer connection.Close()
	backend := pgproto3.NewBackend(connection, connection)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: version})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := backend.Flush(); err != nil {
		return
	}
	_, _ = backend.Receive() // until the client goes
}
