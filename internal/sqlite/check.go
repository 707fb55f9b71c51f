package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/dberror"
)

// checkTime bounds the check of a file at startup. A large file is not checked
// to its end.
const checkTime = 5 * time.Second

// signature is the beginning of every SQLite file.
const signature = "SQLite format 3\x00"

// Bind makes the app's bootstrap fail if one of its database files is damaged
// or belongs to another program, before anything is written to it.
func Bind(app core.App) {
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{
		Priority: -1000, // before the databases are opened
		Func: func(e *core.BootstrapEvent) error {
			for _, file := range files {
				if err := check(filepath.Join(e.App.DataDir(), file)); err != nil {
					return err
				}
			}
			return explain(e.App.DataDir(), e.Next())
		},
	})
}

// explain says what keeps SQLite from opening the files of a directory.
func explain(directory string, err error) error {
	switch {
	case dberror.HasSQLiteCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
		return fmt.Errorf("another process holds the database in %s, end that process or wait until it is done: %w", directory, err)
	case dberror.HasSQLiteCode(err, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
		return fmt.Errorf("the database in %s cannot be written, look at the permissions of its files and of the directory: %w", directory, err)
	}
	return err
}

// check checks a file without changing it or creating others beside it. A
// missing or empty file passes: it is created later.
func check(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("failed to read the database %s: %w", path, reason(err))
	}
	defer file.Close()
	beginning := make([]byte, len(signature))
	read, err := io.ReadFull(file, beginning)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("failed to read the database %s: %w", path, reason(err))
	}
	if !bytes.Equal(beginning[:read], []byte(signature)) {
		return fmt.Errorf("%s is not a SQLite database or is damaged; it was not changed", path)
	}
	return inspect(path)
}

// reason returns the error without the path, which the message already has.
func reason(err error) error {
	var failure *fs.PathError
	if errors.As(err, &failure) {
		return failure.Err
	}
	return err
}

// inspect checks the database's contents. A write-ahead log left by a killed
// process is part of them; without one, the file is opened as immutable, so
// that SQLite creates none.
func inspect(path string) error {
	parameters := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(1000)"}}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		parameters.Set("immutable", "1")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	location := url.URL{Scheme: "file", Path: absolute, RawQuery: parameters.Encode()}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	verdict, known, err := examine(ctx, db)
	err = errors.Join(err, db.Close())
	switch {
	case ctx.Err() != nil:
		return nil
	case dberror.IsCorrupt(err) || err == nil && verdict != "ok":
		return fmt.Errorf("the database %s is damaged; it was not changed: restore a backup", path)
	case dberror.HasSQLiteCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
		return explain(filepath.Dir(path), err)
	case err != nil:
		return fmt.Errorf("failed to read the database %s; it was not changed: %w", path, err)
	case !known:
		return fmt.Errorf("the database %s belongs to another program; it was not changed", path)
	}
	return nil
}

// examine returns the result of quick_check, and whether the tables are
// PocketBase's or there are none.
func examine(ctx context.Context, db *sql.DB) (verdict string, known bool, err error) {
	const tables = "SELECT count(*) = 0 OR total(name IN ('_migrations', '_collections', '_logs')) > 0 FROM sqlite_schema WHERE type = 'table'"
	if err := db.QueryRowContext(ctx, tables).Scan(&known); err != nil {
		return "", false, err
	}
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	return verdict, known, err
}
