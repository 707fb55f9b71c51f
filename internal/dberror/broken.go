package dberror

import (
	"errors"
	"slices"

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
	return has(err, func(err error) bool { return slices.Contains(codes, sqliteCode(err)) })
}

// sqliteCode returns the primary result code of SQLite's error, or SQLITE_OK.
func sqliteCode(err error) int {
	const primaryCode = 0xff
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		return failure.Code() & primaryCode
	}
	return sqlite3.SQLITE_OK
}
