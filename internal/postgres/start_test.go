package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
	"carebase/internal/testing/testpostgres"
)

func TestStartErrorsAreOneLine(t *testing.T) {
	settings := testpostgres.New(t)
	target, err := url.Parse(settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	missing := *target
	missing.Path = "/missing"
	unknown := *target
	unknown.User = url.UserPassword("stranger", "hush-hush")
	guarded := *target
	guarded.User = url.UserPassword("guarded", "hush-hush")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(closed.Addr().(*net.TCPAddr).Port)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		settings postgres.Settings
		want     string
	}{
		{"database", postgres.Settings{URL: missing.String()}, `has no database "missing"`},
		{"user", postgres.Settings{URL: unknown.String()}, `rejected user "stranger"`},
		{"password", postgres.Settings{URL: guarded.String()}, `rejected user "guarded": wrong password`},
		{"host", postgres.Settings{Host: "127.0.0.1", Port: port, Database: "a", User: "b", Password: "hush-hush"}, "PostgreSQL at 127.0.0.1:" + port + " cannot be reached: connection refused"},
		{"URL", postgres.Settings{URL: "postgres://a:hush-hush@local host/b"}, "invalid PostgreSQL URL"},
		{"several hosts", postgres.Settings{Host: "127.0.0.1,localhost", Port: port + "," + target.Port(), Database: "missing", User: "carebase", SSLMode: "disable"},
			"PostgreSQL at 127.0.0.1:" + port + ` cannot be reached: connection refused; PostgreSQL at localhost:` + target.Port() + ` has no database "missing"`},
		{"certificates", postgres.Settings{URL: "postgres://a:hush-hush@localhost/b?sslmode=verify-full&sslrootcert=/missing.pem"},
			"the PostgreSQL URL's TLS settings cannot be used: unable to read CA file: open /missing.pem: no such file or directory"},
		{"a key that is none", postgres.Settings{URL: "postgres://a:hush-hush@localhost/b?sslmode=verify-full&sslrootcert=/dev/null"}, "unable to add CA to cert pool"},
		{"mode", postgres.Settings{Host: "127.0.0.1", Database: "a", Password: "hush-hush", SSLMode: "hm"}, "invalid PostgreSQL settings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			database, err := postgres.New(test.settings)
			if err == nil {
				var db *dbx.DB
				if db, err = database.Connect("data.db"); err == nil {
					t.Fatal(errors.Join(errors.New("no error"), db.Close()))
				}
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSettingsAreEscaped(t *testing.T) {
	database, err := postgres.New(postgres.Settings{Host: "db.example", Port: "6543", Database: "a b/c?d", User: "u@:/", Password: "p@:/?#%"})
	if err != nil {
		t.Fatal(err)
	}
	if got := database.String(); got != "db.example:6543/a b/c?d" {
		t.Errorf("got %s", got)
	}
}

func TestPoolsStayWithinTheLimit(t *testing.T) {
	for _, limit := range []int{postgres.MinConnections, 7, 30, 200} {
		database, err := postgres.New(postgres.Settings{Host: "localhost", Database: "a", MaxConnections: limit})
		if err != nil {
			t.Fatal(err)
		}
		pools := database.Pools()
		if sum := pools.DataReaders + pools.DataWriters + pools.AuxiliaryReaders + pools.AuxiliaryWriters; sum != limit || pools.DataReaders < 1 || pools.DataWriters < 1 {
			t.Errorf("%d: got %+v", limit, pools)
		}
	}
}

func TestManyStartAtOnce(t *testing.T) {
	settings := testpostgres.New(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			database, err := postgres.New(settings)
			if err != nil {
				t.Error(err)
				return
			}
			for _, file := range []string{"data.db", "auxiliary.db"} {
				db, err := database.Connect(file)
				if err != nil {
					t.Error(err)
					return
				}
				// Read first, then write, as migrations do.
				err = db.Transactional(func(tx *dbx.Tx) error {
					var count int
					if err := tx.NewQuery("SELECT count(*) FROM sqlite_master WHERE name = 'made'").Row(&count); err != nil || count > 0 {
						return err
					}
					_, err := tx.NewQuery("CREATE TABLE made (id TEXT)").Execute()
					return err
				})
				if err := errors.Join(err, db.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestNewerSchemaIsRefused(t *testing.T) {
	settings := testpostgres.New(t)
	database, err := postgres.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, database)
	execute(t, db, "UPDATE version SET number = 1000")
	again, err := postgres.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Connect("data.db"); err == nil || !strings.Contains(err.Error(), "created by a newer version of this program") {
		t.Errorf("got %v", err)
	}
}

// direct runs statements without the driver.
func direct(t *testing.T, settings postgres.Settings, statements string) {
	t.Helper()
	connection, err := pgconn.Connect(context.Background(), settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = connection.Exec(context.Background(), statements).ReadAll()
	if err := errors.Join(err, connection.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
}

// TestOlderSchemaIsUpgraded starts several processes at once on the schema of
// an older version.
func TestOlderSchemaIsUpgraded(t *testing.T) {
	settings := testpostgres.New(t)
	start := func() *dbx.DB {
		database, err := postgres.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		return connect(t, database)
	}
	old := start()
	var current int
	if err := old.NewQuery("SELECT number FROM version").Row(&current); err != nil {
		t.Fatal(err)
	}
	execute(t, old, "CREATE TABLE visits (id TEXT PRIMARY KEY, day TEXT)", "INSERT INTO visits VALUES ('a', '2024-05-06')", "CREATE VIEW years AS SELECT id, strftime('%Y', day) AS year FROM visits")
	direct(t, settings, "CREATE OR REPLACE FUNCTION sqlite.format_time(format text, t timestamp) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'old'")
	execute(t, old, "CREATE INDEX by_year ON visits (strftime('%Y', day))")
	direct(t, settings, "UPDATE sqlite.version SET number = number - 1; DROP OPERATOR sqlite.@@= (text, double precision); DROP FUNCTION sqlite.values_eq_text_double_precision(text, double precision)")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			database, err := postgres.New(settings)
			if err == nil {
				var db *dbx.DB
				if db, err = database.Connect("data.db"); err == nil {
					err = errors.Join(db.DB().Ping(), db.Close())
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	db := start()
	for query, want := range map[string]string{
		"SELECT number FROM version":                               strconv.Itoa(current),
		"SELECT year FROM years":                                   "2024",
		"SELECT id FROM visits WHERE strftime('%Y', day) = '2024'": "a",
		"SELECT lower('1') = 1.0":                                  "0",
	} {
		var got string
		if err := db.NewQuery(query).Row(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v", query, got, err)
		}
	}
}

// TestVersionFollowsScripts fails when the statements of a script change: raise
// compatibilityVersion, so that existing databases are upgraded, and update the
// sum. Comments do not count.
func TestVersionFollowsScripts(t *testing.T) {
	scripts, err := filepath.Glob("compatibility/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("got %v, %v", scripts, err)
	}
	sum := sha256.New()
	for _, script := range scripts {
		content, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "--") {
				sum.Write([]byte(line))
			}
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil))[:16]; got != scriptsOfVersion9 {
		t.Errorf("the scripts' sum is %s", got)
	}
}

const scriptsOfVersion9 = "c12754a050f34dc5"
