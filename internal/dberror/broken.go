package dberror

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsUnwritable reports whether an error means that nothing can be written: a
// read-only or malformed database, a failing disk, or a PostgreSQL server that has
// become a standby.
func IsUnwritable(err error) bool {
	return HasSQLiteCode(err, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) ||
		has(err, func(err error) bool { return postgresCode(err) == "25006" }) || // read_only_sql_transaction
		has(err, isFull)
}

// IsCorrupt reports whether an error means that the database is malformed.
func IsCorrupt(err error) bool {
	return HasSQLiteCode(err, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) ||
		has(err, func(err error) bool { return postgresCode(err) == "XX001" || postgresCode(err) == "XX002" }) // data_corrupted, index_corrupted
}

// HasSQLiteCode reports whether an error has one of SQLite's primary result codes.
func HasSQLiteCode(err error, codes ...int) bool {
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
