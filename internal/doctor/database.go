package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	"modernc.org/sqlite"

	"carebase/internal/collections"
	"carebase/migrations"
)

// checkDatabase reads the version and makes a write that changes nothing.
func checkDatabase(ctx context.Context, d *deployment) []Finding {
	query := "SELECT 'SQLite ' || sqlite_version()"
	if d.settings.PostgreSQL != nil {
		query = "SELECT 'PostgreSQL ' || setting FROM pg_catalog.pg_settings WHERE name = 'server_version'"
	}
	var version string
	if err := d.app.ConcurrentDB().NewQuery(query).WithContext(ctx).Row(&version); err != nil {
		return d.diagnose(ctx, fmt.Errorf("it does not answer: %w", err))
	}
	_, err := d.app.NonconcurrentDB().NewQuery("UPDATE {{_params}} SET [[updated]] = [[updated]] WHERE [[id]] = 'settings'").WithContext(ctx).Execute()
	if err != nil {
		return d.diagnose(ctx, fmt.Errorf("it cannot be written: %w", err))
	}
	return ok("%.60s", version)
}

func checkMigrations(ctx context.Context, d *deployment) []Finding {
	if err := migrations.RefuseNewer(d.app); err != nil {
		return wrong(err.Error(), "")
	}
	var applied []string
	if err := d.app.DB().Select("file").From(core.DefaultMigrationsTable).WithContext(ctx).Column(&applied); err != nil {
		return wrong("cannot be read: "+err.Error(), "look at the server's log")
	}
	done := map[string]bool{}
	for _, file := range applied {
		done[file] = true
	}
	pending := 0
	for _, migration := range core.AppMigrations.Items() {
		if !done[migration.File] {
			pending++
		}
	}
	if pending > 0 {
		return wrong(fmt.Sprintf("%d are pending", pending), "make a backup, then start the server, which applies them")
	}
	return ok("all %d are applied", len(applied))
}

func checkSchema(ctx context.Context, d *deployment) []Finding {
	if err := collections.Check(ctx, d.app); isUnread(ctx, err) {
		return d.diagnose(ctx, err)
	} else if err != nil {
		return wrong(err.Error(), "restore a backup, or undo the change to the database")
	}
	switch problem, err := collections.Unservable(d.app); {
	case err != nil:
		return wrong("the collections cannot be read: "+err.Error(), "look at the server's log")
	case problem != "":
		return wrong(problem, d.adviceOn(problem))
	}
	findings := ok("the program's collections are as they must be")
	for _, name := range d.settings.APIResources {
		if collections.Find(d.app, name) == nil {
			findings = append(findings, note("there is no collection "+name+", which API_RESOURCES names", "make it in the dashboard, or correct the name")...)
		}
	}
	return findings
}

// isUnread reports whether an error means that the database could not be read, rather
// than what is in it.
func isUnread(ctx context.Context, err error) bool {
	var onSQLite *sqlite.Error
	var onPostgreSQL *pgconn.PgError
	return errors.As(err, &onSQLite) || errors.As(err, &onPostgreSQL) || err != nil && ctx.Err() != nil
}

// adviceOn says what to do about a collection that the API cannot serve: it is served
// because API_RESOURCES names it, or because the program declares it.
func (d *deployment) adviceOn(problem string) string {
	for _, name := range d.settings.APIResources {
		if named := collections.Find(d.app, name); named != nil && collections.Problem(d.app, named) == problem {
			return "take " + name + " out of API_RESOURCES: the server does not start with it"
		}
	}
	return "undo the migration, with carebase migrate down or another one: the server does not start"
}

func checkSuperusers(_ context.Context, d *deployment) []Finding {
	count, err := d.app.CountRecords(core.CollectionNameSuperusers, dbx.Not(dbx.HashExp{"email": core.DefaultInstallerEmail}))
	switch {
	case err != nil:
		return wrong("cannot be counted: "+err.Error(), "look at the server's log")
	case count == 0:
		return wrong("there is none", "carebase superuser upsert EMAIL PASSWORD")
	}
	alike, err := migrations.SuperusersAlike(d.app)
	switch {
	case err != nil:
		return wrong("cannot be compared: "+err.Error(), "look at the server's log")
	case len(alike) > 0:
		return note("accounts of one mailbox differ in upper and lower case: "+strings.Join(alike, ", "),
			"delete all but one of them; from the next start on a mailbox is one superuser")
	}
	return ok("there are %d", count)
}

// maxClockError is how far clocks may be apart: tokens and the audit trail depend on
// them.
const maxClockError = 5 * time.Second

// checkClock compares this machine's clock with PostgreSQL's, or with the newest
// event of the audit trail, which cannot come later.
func checkClock(ctx context.Context, d *deployment) []Finding {
	now := time.Now()
	if d.settings.PostgreSQL != nil {
		var theirs int64
		if err := d.app.ConcurrentDB().NewQuery("SELECT CAST(strftime('%s', 'now') AS INTEGER)").WithContext(ctx).Row(&theirs); err != nil {
			return wrong("PostgreSQL's cannot be read: "+err.Error(), "look at the server's log")
		}
		apart := now.Sub(time.Unix(theirs, 0))
		if apart.Abs() > maxClockError {
			return wrong(fmt.Sprintf("it is %v from PostgreSQL's", apart.Round(time.Second)), "synchronize both machines (NTP)")
		}
		return ok("it agrees with PostgreSQL's within %v", maxClockError)
	}
	var newest types.DateTime
	err := d.app.ConcurrentDB().Select("recorded_at").From(collections.AuditEvents).OrderBy("id DESC").Limit(1).WithContext(ctx).Row(&newest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return wrong("the newest event cannot be read: "+err.Error(), "look at the server's log")
	}
	if newest.Time().After(now.Add(maxClockError)) {
		return wrong("events were recorded in the future, until "+newest.Time().UTC().Format(time.RFC3339), "synchronize the clock (NTP)")
	}
	return ok("%s; no event is later", now.UTC().Format(time.RFC3339))
}
