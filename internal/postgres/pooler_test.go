package postgres_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
	"carebase/internal/testing/testpostgres"
)

// behindPooler returns a new database with pools behind a pooler, as when
// Carebase serves.
func behindPooler(t *testing.T, sessions int) (data, auxiliary *dbx.DB, pooler *testpostgres.Pooler) {
	t.Helper()
	pooler = testpostgres.StartPooler(t, testpostgres.New(t), sessions)
	database, err := postgres.New(pooler.Settings)
	if err != nil {
		t.Fatal(err)
	}
	data = connect(t, database)
	if auxiliary, err = database.Connect("auxiliary.db"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auxiliary.Close() })
	if err := database.AllowConcurrentWriters(data, auxiliary); err != nil {
		t.Fatal(err)
	}
	return data, auxiliary, pooler
}

// TestPoolerSharesSessions makes both schemas, and a client with other
// settings, share one session.
func TestPoolerSharesSessions(t *testing.T) {
	data, auxiliary, pooler := behindPooler(t, 1)
	execute(t, data, "CREATE TABLE things (id TEXT PRIMARY KEY, n NUMERIC DEFAULT 0 NOT NULL)")
	execute(t, auxiliary, "CREATE TABLE things (id TEXT PRIMARY KEY, n NUMERIC DEFAULT 0 NOT NULL)")
	const settings = "SELECT group_concat(name || '=' || setting, ' ') FROM (SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'TimeZone', 'statement_timeout', 'lock_timeout') ORDER BY lower(name))"
	for i := range 10 { // often enough for a statement to be worth preparing
		stranger(t, pooler, "SET search_path = pg_catalog; SET statement_timeout = '7s'; SET timezone = 'Asia/Kolkata'")
		for schema, db := range map[string]*dbx.DB{"data": data, "auxiliary": auxiliary} {
			want := fmt.Sprintf(`lock_timeout=10000 search_path="%s", sqlite, pg_catalog statement_timeout=300000 TimeZone=UTC`, schema)
			if got := text(t, db, settings); got != want {
				t.Fatalf("a statement alone has %s", got)
			}
			err := db.Transactional(func(tx *dbx.Tx) error {
				if got := text(t, tx, settings); got != want {
					t.Errorf("a transaction has %s", got)
				}
				// A failed statement does not affect the others.
				execute(t, tx, "INSERT INTO things (id) VALUES ('kept') ON CONFLICT (id) DO UPDATE SET n = things.n + 1")
				if _, err := tx.NewQuery("INSERT INTO things (id) VALUES ('kept')").Execute(); err == nil {
					t.Error("a duplicate was stored")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.NewQuery("INSERT INTO things (id) VALUES ('kept')").Execute(); err == nil {
				t.Error("a duplicate was stored")
			}
			// Names in another case make the driver read the catalog.
			if got := text(t, db, "SELECT N FROM Things"); got != strconv.Itoa(i) {
				t.Fatalf("%s was changed %s times, want %d", schema, got, i)
			}
		}
	}
	if left := text(t, data, "SELECT count(*) FROM pg_prepared_statements"); left != "0" {
		t.Errorf("%s statements are prepared in a session that others use", left)
	}
}

// stranger is another client of the pooler.
func stranger(t *testing.T, pooler *testpostgres.Pooler, statements string) {
	t.Helper()
	connection, err := pgconn.Connect(t.Context(), pooler.Settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(t.Context())
	if _, err := connection.Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// TestCancelledStatementEndsBehindPooler also asserts that PgBouncer survives.
func TestCancelledStatementEndsBehindPooler(t *testing.T) {
	data, _, _ := behindPooler(t, 1)
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := data.NewQuery("SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 987654321) SELECT i FROM n)").WithContext(ctx).Execute()
		cancel()
		if err == nil {
			t.Fatal("an endless statement ended")
		}
		if got := text(t, data, "SELECT 1"); got != "1" {
			t.Fatalf("got %s", got)
		}
	}
	const running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%987654321%' AND query NOT LIKE '%pg_stat_activity%'"
	for deadline := time.Now().Add(20 * time.Second); text(t, data, running) != "0"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a cancelled statement goes on")
		}
	}
}
