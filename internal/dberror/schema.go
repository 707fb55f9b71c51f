package dberror

import (
	"errors"
	"regexp"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// NamesUnknown reports whether SQLite has refused a statement because it names a table or
// a column that does not exist.
func NamesUnknown(err error) bool { return err != nil && has(err, namesUnknown) }

var unknownName = regexp.MustCompile(`no such (table|column)|has no column named`)

func namesUnknown(err error) bool {
	var onSQLite *sqlite.Error
	return errors.As(err, &onSQLite) && onSQLite.Code() == sqlite3.SQLITE_ERROR && unknownName.MatchString(onSQLite.Error())
}
