// Package connect replaces PocketBase's own database connection while
// PocketBase's test suite runs on PostgreSQL. Each data directory of a test
// gets its own database, filled from the SQLite files in the directory.
package connect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
)

// Variable is the environment variable with the server's URL. Its role needs
// CREATEDB.
const Variable = "UPSTREAM_POSTGRES"

// WritersVariable is the environment variable that makes writers run
// concurrently if it is "many".
const WritersVariable = "UPSTREAM_WRITERS"

const timeout = 2 * time.Minute

var (
	mutex     sync.Mutex
	databases = map[string]string{} // by data directory
	templates = map[string]string{} // by content
	count     int
)

// Connect opens the database that stands for a SQLite file. It is a
// core.DBConnectFunc.
func Connect(dbPath string) (*dbx.DB, error) {
	mutex.Lock()
	defer mutex.Unlock()
	directory := filepath.Dir(dbPath)
	if err := dropFinished(); err != nil {
		return nil, err
	}
	name, ok := databases[directory]
	if !ok {
		template, err := templateOf(directory)
		if err != nil {
			return nil, fmt.Errorf("failed to import the fixture %s: %w", directory, err)
		}
		count++
		name = fmt.Sprintf("upstream_%d_%d", os.Getpid(), count)
		if err := run(`CREATE DATABASE "` + name + `" TEMPLATE "` + template + `"`); err != nil {
			return nil, err
		}
		databases[directory] = name
	}
	database, err := open(name)
	if err != nil {
		return nil, err
	}
	// Some of PocketBase's tests check that the files exist.
	if err := touch(dbPath); err != nil {
		return nil, err
	}
	connected, err := database.Connect(dbPath)
	if err != nil || os.Getenv(WritersVariable) != "many" {
		return connected, err
	}
	// PocketBase sets the sizes of its pools afterwards.
	return connected, database.AllowConcurrentWriters(connected, connected)
}

func touch(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

func open(name string) (*postgres.Database, error) {
	target, err := url.Parse(os.Getenv(Variable))
	if err != nil {
		return nil, err
	}
	target.Path = "/" + name
	return postgres.New(postgres.Settings{URL: target.String()})
}

// dropFinished drops the databases whose data directory was removed by its
// test.
func dropFinished() error {
	for directory, name := range databases {
		if _, err := os.Stat(directory); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		delete(databases, directory)
		drop := `DROP DATABASE IF EXISTS "` + name + `"`
		if err := run(drop + " WITH (FORCE)"); err == nil {
			continue
		}
		// A role that is not a superuser cannot end an autovacuum worker; a
		// plain DROP waits for it.
		if err := run(drop); err != nil {
			return err
		}
	}
	return nil
}

// templateOf returns a database with the contents of a directory's SQLite
// files. It is filled once for all processes.
func templateOf(directory string) (string, error) {
	hash := sha256.New()
	files := []string{}
	for _, file := range []string{"data.db", "auxiliary.db"} {
		content, err := os.ReadFile(filepath.Join(directory, file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n", file, len(content))
		hash.Write(content)
		if len(content) > 0 {
			files = append(files, filepath.Join(directory, file))
		}
	}
	name := "upstream_template_" + hex.EncodeToString(hash.Sum(nil)[:8])
	if _, ok := templates[name]; ok {
		return name, nil
	}
	if err := fill(name, files); err != nil {
		return "", err
	}
	templates[name] = name
	return name, nil
}

// fill creates a template under an advisory lock, because other test processes
// may need the same one.
func fill(name string, files []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	connection, err := pgconn.Connect(ctx, os.Getenv(Variable))
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	results, err := connection.Exec(ctx, "SELECT pg_advisory_lock(4021160272); SELECT 1 FROM pg_database WHERE datname = '"+name+"'").ReadAll()
	if err != nil || len(results[1].Rows) > 0 {
		return err
	}
	if _, err := connection.Exec(ctx, `CREATE DATABASE "`+name+`_new" TEMPLATE template0`).ReadAll(); err != nil {
		return err
	}
	if err := importFiles(ctx, name+"_new", files); err != nil {
		return errors.Join(err, run(`DROP DATABASE "`+name+`_new"`))
	}
	_, err = connection.Exec(ctx, `ALTER DATABASE "`+name+`_new" RENAME TO "`+name+`"`).ReadAll()
	return err
}

// run runs a statement in the database of the server's URL.
func run(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	connection, err := pgconn.Connect(ctx, os.Getenv(Variable))
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statement).ReadAll()
	return errors.Join(err, connection.Close(ctx))
}
