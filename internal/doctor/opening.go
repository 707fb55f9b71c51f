package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	sqlite3 "modernc.org/sqlite/lib"

	"carebase/internal/backup"
	"carebase/internal/datadir"
	"carebase/internal/dberror"
	"carebase/internal/sqlite"
)

// dataFile is PocketBase's database; its request log is logFile.
const (
	dataFile = "data.db"
	logFile  = "auxiliary.db"
)

// Why there is no data.db.
var (
	errNoDatabase  = errors.New("there is none yet")
	errInterrupted = errors.New("a restore was interrupted")
	errRemoved     = errors.New("files were removed")
)

// errDamaged means that the content of a file is damaged or gone.
var errDamaged = errors.New("damaged")

// open opens the app, but creates no database.
func (d *deployment) open(ctx context.Context) error {
	if d.settings.PostgreSQL == nil {
		path := filepath.Join(d.app.DataDir(), dataFile)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return d.whyMissing(ctx)
		}
		if err := checkLock(ctx, path); err != nil {
			return err
		}
	}
	datadir.Unbind(d.app) // a check changes no permissions
	return d.app.Bootstrap()
}

// whyMissing tells a data directory that was never used from one that has lost its
// data.db, in which serve refuses to start.
func (d *deployment) whyMissing(ctx context.Context) error {
	directory := d.app.DataDir()
	unfinished, err := backup.UnfinishedRestore(directory)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // there is no directory either
	}
	if unfinished {
		return errInterrupted
	}
	path, findErr := backup.FindRemains(ctx, directory)
	if err := errors.Join(err, findErr); err != nil {
		return err
	}
	if path != "" {
		return fmt.Errorf("%w: %s exists, but there is no %s", errRemoved, path, filepath.Join(directory, dataFile))
	}
	if err := backup.CheckNewReplica(ctx, directory, d.settings.Backup.Replica); err != nil {
		return err
	}
	return errNoDatabase
}

// diagnose tells what an error of the database means and what to do about it. Only damage
// calls for a restore, which takes back what was written since the backup.
func (d *deployment) diagnose(ctx context.Context, err error) []Finding {
	switch {
	case errors.Is(err, errNoDatabase):
		return wrong(err.Error(), "the first start creates it: carebase serve")
	case errors.Is(err, errInterrupted):
		return wrong(err.Error(), "the next start completes it: carebase serve")
	case errors.Is(err, errRemoved):
		return wrong(err.Error(), d.restoreAdvice())
	case d.settings.PostgreSQL != nil:
		return wrong(err.Error(), "look whether PostgreSQL runs and the PG_ variables are right; docs/postgresql.md has what it needs")
	case errors.Is(err, fs.ErrPermission):
		return wrong(err.Error(), "run this as the server's user")
	}
	detail, inspected := err.Error(), d.inspect(ctx)
	if dberror.HasSQLiteCode(inspected, unreadable...) {
		detail = "it cannot be read: " + inspected.Error() // the error may take it for damage
	}
	cause := errors.Join(inspected, err)
	switch {
	case dberror.HasSQLiteCode(cause, locked...):
		return wrong("another process holds it: database is locked", "end that process, or wait until it is done, and run carebase doctor again")
	case errors.Is(cause, errDamaged) || dberror.IsCorrupt(cause):
		return wrong(detail, d.restoreAdvice())
	case dberror.HasSQLiteCode(cause, unreadable...):
		return wrong(detail, "run this as the server's user, and look whether the disk is writable")
	case dberror.HasSQLiteCode(cause, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL):
		return wrong(detail, "look at the disk and at the system's log, and run carebase doctor again")
	}
	return wrong(detail, "mend what it names, and run carebase doctor again")
}

// locked are the result codes for files that another process holds.
var locked = []int{sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

// unreadable are the result codes for files that this user may not use.
var unreadable = []int{sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH}

// inspectTime limits the search for damage in a file.
const inspectTime = 5 * time.Second

// inspect returns why SQLite cannot read the files, as what refused to open them does not
// always tell. It writes nothing.
func (d *deployment) inspect(ctx context.Context) error {
	var found []error
	for _, name := range []string{dataFile, logFile} {
		path := filepath.Join(d.app.DataDir(), name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 && name == logFile:
			continue // the start creates it
		case err == nil && info.Size() == 0:
			err = fmt.Errorf("%s: %w", path, errDamaged)
		case err == nil:
			if err = inspectFile(ctx, path, name == dataFile); err != nil {
				err = fmt.Errorf("%s: %w", path, err)
			}
		}
		found = append(found, err)
	}
	return errors.Join(found...)
}

func inspectFile(ctx context.Context, path string, needsTables bool) error {
	ctx, cancel := context.WithTimeout(ctx, inspectTime)
	defer cancel()
	database, err := openReadOnly(path)
	if err != nil {
		return err
	}
	defer database.Close()
	var verdict string
	tables, err := countTables(ctx, database)
	if err == nil {
		err = database.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	}
	switch {
	case ctx.Err() != nil:
		return nil // no damage was found in the beginning of a large file
	case err != nil:
		return err
	case verdict != "ok" || needsTables && tables == 0:
		return errDamaged
	}
	return nil
}

// checkLock returns an error if another process lets nobody read a file. Opening the app
// would wait longer, and may take it for damage.
func checkLock(ctx context.Context, path string) error {
	database, err := openReadOnly(path)
	if err != nil {
		return err
	}
	defer database.Close()
	if _, err := countTables(ctx, database); dberror.HasSQLiteCode(err, locked...) {
		return err
	}
	return nil
}

// openReadOnly opens a file that others may have open: then it has a write-ahead log.
// Without one, SQLite creates no files beside it.
func openReadOnly(path string) (*sql.DB, error) {
	options := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(1000)"}}
	if _, err := os.Stat(path + "-wal"); err != nil {
		options.Set("immutable", "1")
	}
	location, err := sqlite.FileURL(path, options)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", location)
}

func countTables(ctx context.Context, database *sql.DB) (tables int, err error) {
	err = database.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	return tables, err
}

// restoreAdvice names the command that restores the newest backup in the data directory.
func (d *deployment) restoreAdvice() string {
	newest := d.newestArchive()
	switch {
	case newest == "":
		return "stop the server and restore a backup or the replica (docs/backups.md)"
	case strings.HasSuffix(newest, encryptedSuffix):
		newest += " --identity FILE"
	}
	return "stop the server, then carebase backup restore " + newest + " --force, which keeps what is there aside"
}

// encryptedSuffix ends the names of encrypted backups.
const encryptedSuffix = ".age"

// newestArchive returns the name of the newest backup in the data directory; empty if
// there is none. Listing them as the server does needs the database.
func (d *deployment) newestArchive() (name string) {
	entries, err := os.ReadDir(d.backupsDirectory())
	if err != nil {
		return ""
	}
	var newest time.Time
	for _, entry := range entries {
		info, err := entry.Info()
		isArchive := strings.HasSuffix(strings.TrimSuffix(entry.Name(), encryptedSuffix), ".zip")
		if err == nil && isArchive && info.Mode().IsRegular() && info.ModTime().After(newest) {
			newest, name = info.ModTime(), entry.Name()
		}
	}
	return name
}

func (d *deployment) backupsDirectory() string {
	return filepath.Join(d.app.DataDir(), core.LocalBackupsDirName)
}
