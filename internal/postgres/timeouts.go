package postgres

// readOnlyParameter makes a session refuse every change.
const readOnlyParameter = "default_transaction_read_only"

// LiftTimeouts lets statements and transactions take as long as they need, for
// work that is no request's. It is called before Connect.
func (d *Database) LiftTimeouts() {
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		d.config.RuntimeParams[name] = "0"
	}
}

// ReadOnly makes every connection refuse changes, and Connect refuse a database
// that it would have to prepare first. It is called before Connect.
func (d *Database) ReadOnly() {
	d.config.RuntimeParams[readOnlyParameter] = "on"
}
