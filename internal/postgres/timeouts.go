package postgres

// readOnlyParameter makes a session reject changes.
const readOnlyParameter = "default_transaction_read_only"

// LiftTimeouts removes the limits on the duration of statements and
// transactions, for work outside of requests. Call it before Connect.
func (d *Database) LiftTimeouts() {
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		d.config.RuntimeParams[name] = "0"
	}
}

// ReadOnly makes connections reject changes, and makes Connect fail if the
// database is not yet prepared. Call it before Connect.
func (d *Database) ReadOnly() {
	d.config.RuntimeParams[readOnlyParameter] = "on"
}
