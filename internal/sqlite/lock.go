package sqlite

import (
	"database/sql/driver"

	"modernc.org/sqlite"
)

// try_lock(name) is 1 if the transaction holds the lock of a name, which one that
// writes always does in SQLite. In PostgreSQL it is translated.
func init() {
	sqlite.MustRegisterScalarFunction("try_lock", 1, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return int64(1), nil
	})
}
