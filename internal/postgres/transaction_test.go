package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
	"carebase/internal/testing/testpostgres"
)

func TestFailedStatementDoesNotPoisonItsTransaction(t *testing.T) {
	_, db := open(t)
	execute(t, db, people)
	err := db.Transactional(func(tx *dbx.Tx) error {
		execute(t, tx, "INSERT INTO people (id) VALUES ('a')")
		for _, wrong := range []string{"INSERT INTO people (id) VALUES ('a')", "SELECT nothing FROM people", "CREATE TABLE people (id TEXT)", "DROP TABLE nothing"} {
			if _, err := tx.NewQuery(wrong).Execute(); err == nil {
				t.Errorf("%s: no error", wrong)
			}
			execute(t, tx, "UPDATE people SET age = age + 1")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, db, "SELECT age FROM people WHERE id = 'a'"); got != "4" {
		t.Errorf("got %s", got)
	}
}

func TestStreamsShareTheirConnection(t *testing.T) {
	_, db := open(t)
	execute(t, db, people, "INSERT INTO people (id) VALUES ('a'), ('b'), ('c')")
	err := db.Transactional(func(tx *dbx.Tx) error {
		rows, err := tx.NewQuery("SELECT id FROM people ORDER BY id").Rows()
		if err != nil {
			return err
		}
		defer rows.Close()
		seen := ""
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			seen += id
			execute(t, tx, "UPDATE people SET age = age + 1 WHERE id = '"+id+"'")
		}
		if seen != "abc" {
			t.Errorf("got %s", seen)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, db, "SELECT sum(age) FROM people"); got != "3" {
		t.Errorf("got %s", got)
	}
}

func TestRowsThatAreReadToBeChangedAreLocked(t *testing.T) {
	database, db := open(t)
	auxiliary, err := database.Connect("auxiliary.db")
	if err != nil {
		t.Fatal(err)
	}
	defer auxiliary.Close()
	if err := database.AllowConcurrentWriters(db, auxiliary); err != nil {
		t.Fatal(err)
	}
	execute(t, db, people, "INSERT INTO people (id) VALUES ('a')")
	const writers, increments = 8, 25
	failures := make(chan error, writers)
	for range writers {
		go func() {
			var failure error
			for range increments {
				failure = errors.Join(failure, db.Transactional(func(tx *dbx.Tx) error {
					var person struct{ Age int }
					if err := tx.NewQuery("SELECT people.* FROM people WHERE people.id = {:id} LIMIT 1").Bind(dbx.Params{"id": "a"}).One(&person); err != nil {
						return err
					}
					_, err := tx.Update("people", dbx.Params{"age": person.Age + 1}, dbx.HashExp{"id": "a"}).Execute()
					return err
				}))
			}
			failures <- failure
		}()
	}
	for range writers {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if got := text(t, db, "SELECT age FROM people"); got != "200" {
		t.Errorf("got %s of %d increments", got, writers*increments)
	}
}

// TestStartsWaitForAProcessThatMigrates asks sessions how long they wait for a lock.
func TestStartsWaitForAProcessThatMigrates(t *testing.T) {
	database, db := open(t)
	auxiliary, err := database.Connect("auxiliary.db")
	if err != nil {
		t.Fatal(err)
	}
	defer auxiliary.Close()
	const wait = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'"
	if got := text(t, db, wait); got != "600000" {
		t.Errorf("at the start: got %s ms", got)
	}
	if err := database.AllowConcurrentWriters(db, auxiliary); err != nil {
		t.Fatal(err)
	}
	if got := text(t, db, wait); got != "10000" {
		t.Errorf("of a session from then, afterwards: got %s ms", got)
	}
}

func TestCancelledStatement(t *testing.T) {
	_, db := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	query := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	if _, err := db.NewQuery(query).WithContext(ctx).Execute(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got := text(t, db, "SELECT 1"); got != "1" {
		t.Errorf("got %s", got)
	}
}

func TestEndedConnectionsAreReplaced(t *testing.T) {
	settings := testpostgres.New(t)
	database, err := postgres.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, database)
	execute(t, db, people)
	terminate(t, settings)
	execute(t, db, "INSERT INTO people (id) VALUES ('a')")
	err = db.Transactional(func(tx *dbx.Tx) error {
		execute(t, tx, "INSERT INTO people (id) VALUES ('b')")
		terminate(t, settings)
		_, err := tx.NewQuery("INSERT INTO people (id) VALUES ('c')").Execute()
		return err
	})
	if err == nil {
		t.Error("a transaction went on after its connection")
	}
	if got := text(t, db, "SELECT group_concat(id) FROM people"); got != "a" {
		t.Errorf("got %s", got)
	}
}

// terminate ends all connections to a database, as a restart of the server
// does.
func terminate(t *testing.T, settings postgres.Settings) {
	t.Helper()
	connection, err := pgconn.Connect(t.Context(), settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = connection.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'").ReadAll()
	if err := errors.Join(err, connection.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}
