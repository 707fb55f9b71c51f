package dberror

import (
	"errors"

	"github.com/pocketbase/pocketbase/core"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsUnwritable reports whether an error means that nothing can be written: a
// read-only or malformed database, a failing disk, or a PostgreSQL server that has
// become a standby.
func IsUnwritable(err error) bool {
	return hasSQLiteCode(err, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) ||
		has(err, func(err error) bool { return postgresCode(err) == "25006" }) || // read_only_sql_transaction
		has(err, isFull)
}

// corruptKey is where an app's store remembers that its database is malformed.
const corruptKey = "carebase.dberror.corrupt"

// Observe remembers that a statement has met a malformed database. SQLite reads
// only the pages that a statement needs, so that others may still succeed.
func Observe(app core.App, err error) {
	if hasSQLiteCode(err, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) ||
		has(err, func(err error) bool { return postgresCode(err) == "XX001" || postgresCode(err) == "XX002" }) { // data_corrupted, index_corrupted
		app.Store().Set(corruptKey, true)
	}
}

// IsCorrupt reports whether Observe has seen that the database is malformed.
func IsCorrupt(app core.App) bool { return app.Store().Has(corruptKey) }

func hasSQLiteCode(err error, codes ...int) bool {
	const primaryCode = 0xff
	return has(err, func(err error) bool {
		var failure *sqlite.Error
		if !errors.As(err, &failure) {
			return false
		}
		for _, code := range codes {
			if failure.Code()&primaryCode == code {
				return true
			}
		}
		return false
	})
}
