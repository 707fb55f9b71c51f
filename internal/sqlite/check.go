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
)

// checkTime is how long a file is looked through at start. A large one is not
// looked through to its end.
const checkTime = 5 * time.Second

// signature begins every SQLite file.
const signature = "SQLite format 3\x00"

// Bind has the app refuse to start on files that are damaged or another
// program's, before anything is written to them.
func Bind(app core.App) {
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{
		Priority: -1000, // before whatever opens them
		Func: func(e *core.BootstrapEvent) error {
			for _, file := range files {
				if err := check(filepath.Join(e.App.DataDir(), file)); err != nil {
					return err
				}
			}
			return e.Next()
		},
	})
}

// check looks at a file without changing it, and without leaving another beside
// it. A file that is missing or empty is still to be made.
func check(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the database %s cannot be read: %w", path, reason(err))
	}
	defer file.Close()
	beginning := make([]byte, len(signature))
	read, err := io.ReadFull(file, beginning)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the database %s cannot be read: %w", path, reason(err))
	}
	if !bytes.Equal(beginning[:read], []byte(signature)) {
		return fmt.Errorf("%s is not a SQLite database, or is damaged; it was left as it is", path)
	}
	return inspect(path)
}

// reason is an error without the path, which the message has already.
func reason(err error) error {
	var failure *fs.PathError
	if errors.As(err, &failure) {
		return failure.Err
	}
	return err
}

// inspect reads through the database. What a killed process left in the
// write-ahead log belongs to it; without a log, none is made.
func inspect(path string) error {
	parameters := url.Values{"mode": {"ro"}}
	if log, err := os.Stat(path + "-wal"); err != nil || log.Size() == 0 {
		parameters.Set("immutable", "1")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	location := url.URL{Scheme: "file", Path: absolute, RawQuery: parameters.Encode()}
	database, err := sql.Open("sqlite", location.String())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	verdict, known, err := examine(ctx, database)
	err = errors.Join(err, database.Close())
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil || verdict != "ok":
		return fmt.Errorf("the database %s is damaged; it was left as it is: restore a backup", path)
	case !known:
		return fmt.Errorf("the database %s is another program's; it was left as it is", path)
	}
	return nil
}

// examine returns what SQLite finds, and whether the tables are PocketBase's, or
// there are none.
func examine(ctx context.Context, database *sql.DB) (verdict string, known bool, err error) {
	const tables = "SELECT count(*) = 0 OR total(name IN ('_migrations', '_collections', '_logs')) > 0 FROM sqlite_schema WHERE type = 'table'"
	if err := database.QueryRowContext(ctx, tables).Scan(&known); err != nil {
		return "", false, err
	}
	err = database.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	return verdict, known, err
}
