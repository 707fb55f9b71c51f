package process

import (
	"bytes"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"carebase/internal/sqlite"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

func TestWhatStopsTheStart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		environment []string
		arguments   []string
		want        []string
	}{
		{"PostgreSQL cannot be reached", []string{"PG_DB=healthcare", "PG_USER=somebody", "PG_PASSWORD=hush-hush", "PG_HOST=127.0.0.1", "PG_PORT=1"}, []string{"serve"}, []string{"PostgreSQL at 127.0.0.1:1 cannot be reached"}},
		{"all problems", []string{"DEBUG=maybe", "SECRET_KEY=hush-hush"}, []string{"serve"}, []string{`DEBUG is "maybe"`, "SECRET_KEY must be"}},
		{"an address that cannot be listened on", nil, []string{"serve", "--http", "192.0.2.1:1"}, []string{"192.0.2.1:1"}},
		{"a command's own error", nil, []string{"superuser", "upsert", "not-an-email", "x"}, []string{"email"}},
		{"an unknown command", nil, []string{"bogus"}, []string{`unknown command "bogus"`}},
		{"an unknown flag", nil, []string{"serve", "--bogus"}, []string{"unknown flag: --bogus"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			carebase := command(t, directory, test.environment, test.arguments...)
			var stderr bytes.Buffer
			carebase.Stderr = &stderr
			if err := carebase.Run(); err == nil || carebase.ProcessState.ExitCode() != 1 {
				t.Errorf("ended with %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("got %q, want %q in it", stderr.String(), want)
				}
			}
			if strings.Contains(stderr.String(), "hush") {
				t.Errorf("a secret is shown: %s", stderr.String())
			}
		})
	}
}

// TestStartThatFailsChangesNothing starts a second server at the first one's
// address, with settings that would change the rules and end every token.
func TestStartThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	server := serve(t, directory, nil)
	before := usersAndDoctors(t, directory)
	second := command(t, directory, []string{"DOCTORS_SCOPE=owner", "SECRET_KEY=a key that is thirty-two characters long"}, "serve", "--http", strings.TrimPrefix(server.URL, "http://"))
	if output, err := second.CombinedOutput(); err == nil || !strings.Contains(string(output), "address already in use") {
		t.Fatalf("got %v: %s", err, output)
	}
	if usersAndDoctors(t, directory) != before {
		t.Error("the start that failed has changed collections")
	}
}

// usersAndDoctors is how the collections are stored.
func usersAndDoctors(t *testing.T, directory string) string {
	t.Helper()
	database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	var stored string
	err = database.NewQuery("SELECT group_concat(name || listRule || options) FROM _collections WHERE name IN ('users', 'doctors')").Row(&stored)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestPostgreSQLThatStopsTheStart asserts that whatever is wrong with PostgreSQL
// at start is one line without the password, and exit status 1.
func TestPostgreSQLThatStopsTheStart(t *testing.T) {
	t.Parallel()
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
	nobody := testapp.UnusedAddress(t)
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
			refused(t, t.TempDir(), test.want, test.environment, "serve")
		})
	}
}

func TestAPoolerThatStopsTheStart(t *testing.T) {
	t.Parallel()
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
		refused(t, t.TempDir(), "is a pooler such as PgBouncer: set PG_DIRECT_URL to the address of PostgreSQL itself", []string{"DATABASE_URL=" + same}, "serve")
	})
	t.Run("the direct address is one", func(t *testing.T) {
		refused(t, t.TempDir(), "is a pooler such as PgBouncer", []string{"DATABASE_URL=" + same, "PG_DIRECT_URL=" + same}, "serve")
	})
	t.Run("it leads elsewhere", func(t *testing.T) {
		refused(t, t.TempDir(), "lead to different databases", []string{"DATABASE_URL=" + same, "PG_DIRECT_URL=" + other.URL}, "serve")
	})
	t.Run("its database is missing", func(t *testing.T) {
		missing := through(func(target *url.URL) { target.Path = "/missing" })
		refused(t, t.TempDir(), `"missing"`, []string{"DATABASE_URL=" + missing, "PG_DIRECT_URL=" + other.URL}, "serve")
	})
}

func TestADatabaseOfANewerVersionIsNotServed(t *testing.T) {
	t.Parallel()
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
			refused(t, t.TempDir(), test.want, environment, "serve")
			query[int](fleet, "WITH changed AS ("+test.undo+" RETURNING 1) SELECT count(*)::int FROM changed")
		})
	}
}

func TestAFileOfANewerVersionIsNotServed(t *testing.T) {
	t.Parallel()
	directory := migrated(t)
	database, err := sqlite.Connect(filepath.Join(directory, "pb_data", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	for _, test := range []struct{ file, want string }{
		{"1900000000_ward.js", "the migration 1900000000_ward.js was applied, and is not in pb_migrations"},
		{"9999999999_future.go", "a newer version of Carebase has migrated the database (9999999999_future.go)"},
	} {
		for _, statement := range []string{"DELETE FROM _migrations WHERE file > '19'", "INSERT INTO _migrations (file, applied) VALUES ('" + test.file + "', 1)"} {
			if _, err := database.NewQuery(statement).Execute(); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, directory, test.want, nil, "serve")
	}
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

// TestNetworksBesideThoseOfTheEnvironment stores networks of superusers while the environment
// names others, and one that is no network.
func TestNetworksBesideThoseOfTheEnvironment(t *testing.T) {
	t.Parallel()
	directory, environment := migrated(t), []string{"SUPERUSER_NETWORKS=192.0.2.0/24"}
	for _, networks := range [][]string{{"10.0.0.0/8"}, {"192.0.2.0/24"}, nil} {
		said := succeeds(t, directory, environment, append([]string{"superuser", "ips"}, networks...)...)
		for _, network := range []string{"10.0.0.0/8", "192.0.2.0/24"} {
			if strings.Contains(said, network) != slices.Contains(networks, network) {
				t.Errorf("%v: got %s", networks, said)
			}
		}
		if !strings.Contains(said, "SUPERUSER_NETWORKS") {
			t.Errorf("%v: got %s", networks, said)
		}
	}
	if said := succeeds(t, directory, nil, "superuser", "ips", "10.0.0.0/8"); strings.Contains(said, "SUPERUSER_NETWORKS") {
		t.Errorf("got %s", said)
	}
	refused(t, directory, "IP", nil, "superuser", "ips", "everywhere")
}

// TestEncryptedSettings opens a database without the key of its settings.
func TestEncryptedSettings(t *testing.T) {
	t.Parallel()
	directory, key := migrated(t), []string{"SETTINGS_KEY=" + strings.Repeat("k", 32)}
	networks := []string{"superuser", "ips", "10.0.0.0/8"}
	succeeds(t, directory, key, append(networks, "--encryptionEnv", "SETTINGS_KEY")...)
	refused(t, directory, "--encryptionEnv", nil, networks...)
}
