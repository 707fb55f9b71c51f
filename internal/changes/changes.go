// Package changes keeps when each patient was changed last. Triggers note it in the
// transaction that changes the patient, whichever door the change came through.
package changes

import (
	"context"

	"github.com/pocketbase/dbx"

	"carebase/internal/postgres"
)

// Table is the table of the times: a row for each patient that was changed since it was
// created, with its owner, so that a new patient costs nothing.
const Table = "patient_changes"

// Ensure creates the table with its triggers, unless it exists. What was changed before
// is not known.
func Ensure(ctx context.Context, db dbx.Builder) error {
	var found int
	err := db.NewQuery("SELECT count(*) FROM sqlite_master WHERE name = {:name}").Bind(dbx.Params{"name": Table}).WithContext(ctx).Row(&found)
	if err != nil || found > 0 {
		return err
	}
	return postgres.Define(ctx, db, sqliteStatements, postgresStatements)
}

// Drop removes the table and its triggers.
func Drop(ctx context.Context, db dbx.Builder) error {
	return postgres.Define(ctx, db, sqliteRemovals, postgresRemovals)
}
