package throttle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

const (
	// freeFailures is how many failures have no consequence: people mistype.
	freeFailures = 5
	// maxWait is the longest wait between two attempts at an account.
	maxWait = 5 * time.Minute
	// failuresForgotten is how long after the last failure an account's
	// failures are forgotten.
	failuresForgotten = time.Hour
	// originForgotten is how long after its last login an address counts as
	// unknown again.
	originForgotten = 90 * 24 * time.Hour
	// knownAgainAfter is how often the time of the last login is updated.
	knownAgainAfter = 24 * time.Hour
	// unknownAddresses is the origin that all unknown addresses share.
	unknownAddresses = ""
)

// Account is what a client tries to sign in to. It need not exist, and
// responses must not show whether it does.
type Account struct {
	// Collection is the name of the auth collection.
	Collection string
	// Identity is the e-mail address, or whatever else the client sends.
	Identity string
}

// AccountOf returns a record's account.
func AccountOf(record *core.Record) Account {
	return Account{Collection: record.Collection().Name, Identity: record.Email()}
}

// key returns a hash that identifies the account, however its address is spelled. It is not reversible: people
// also type passwords into the field for the e-mail address.
func (a Account) key() string {
	return digest(a.Collection + "/" + strings.ToLower(rest.NormalizeEmail(strings.TrimSpace(a.Identity))))
}

func digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// history is what is known about logins to an account from an origin. A known
// address has a history of its own, and all unknown addresses share one. So
// nobody else can lock the owner out at an address where the owner has signed
// in before.
type history struct {
	account, origin string
	from            string
	isKnown         bool
	row             attempts
}

// attempts is a row of the collection.
type attempts struct {
	Origin        string         `db:"origin"`
	Failures      int            `db:"failures"`
	LastFailureAt types.DateTime `db:"last_failure_at"`
	LastSuccessAt types.DateTime `db:"last_success_at"`
}

func load(ctx context.Context, app core.App, account, from string) (*history, error) {
	var rows []attempts
	err := app.DB().Select("origin", "failures", "last_failure_at", "last_success_at").From(collections.LoginAttempts).
		Where(dbx.HashExp{"account": account, "origin": []any{unknownAddresses, from}}).WithContext(ctx).All(&rows)
	if err != nil {
		return nil, err
	}
	found := &history{account: account, origin: unknownAddresses, from: from}
	for _, row := range rows {
		if row.Origin == from && time.Since(row.LastSuccessAt.Time()) < originForgotten {
			found.origin, found.isKnown, found.row = from, true, row
			return found, nil
		}
		if row.Origin == unknownAddresses {
			found.row = row
		}
	}
	return found, nil
}

// wait returns how long the next attempt must wait: 1, 2, 4, ... seconds after
// the last failure; 0 or less if it need not.
func (h *history) wait(now time.Time) time.Duration {
	last := h.row.LastFailureAt.Time()
	if h.row.Failures <= freeFailures || now.Sub(last) > failuresForgotten {
		return 0
	}
	pause := maxWait
	if doublings := h.row.Failures - freeFailures - 1; doublings < 16 {
		pause = min(maxWait, time.Second<<doublings)
	}
	return last.Add(pause).Sub(now)
}

// failed stores a failure, even if the client has gone.
func (h *history) failed(ctx context.Context, app core.App) error {
	ctx = context.WithoutCancel(ctx)
	now := time.Now()
	_, err := app.NonconcurrentDB().NewQuery(`INSERT INTO {{login_attempts}} ([[id]], [[account]], [[origin]], [[failures]], [[last_failure_at]], [[last_success_at]])
		VALUES ({:id}, {:account}, {:origin}, 1, {:now}, '')
		ON CONFLICT ([[account]], [[origin]]) DO UPDATE SET [[last_failure_at]] = {:now},
			[[failures]] = CASE WHEN [[login_attempts.last_failure_at]] < {:forgotten} THEN 1 ELSE [[login_attempts.failures]] + 1 END`).
		Bind(dbx.Params{
			"id": core.GenerateDefaultRandomId(), "account": h.account, "origin": h.origin,
			"now": text(now), "forgotten": text(now.Add(-failuresForgotten)),
		}).WithContext(ctx).Execute()
	return err
}

// succeeded stores that the address is known and resets the failures.
func (h *history) succeeded(ctx context.Context, app core.App) error {
	if !h.isKnown && h.row.Failures > 0 {
		if err := forget(ctx, app, dbx.HashExp{"account": h.account, "origin": unknownAddresses}); err != nil {
			return err
		}
	}
	if h.isKnown && h.row.Failures == 0 && time.Since(h.row.LastSuccessAt.Time()) < knownAgainAfter {
		return nil
	}
	_, err := app.NonconcurrentDB().NewQuery(`INSERT INTO {{login_attempts}} ([[id]], [[account]], [[origin]], [[failures]], [[last_failure_at]], [[last_success_at]])
		VALUES ({:id}, {:account}, {:origin}, 0, '', {:now})
		ON CONFLICT ([[account]], [[origin]]) DO UPDATE SET [[failures]] = 0, [[last_success_at]] = {:now}`).
		Bind(dbx.Params{"id": core.GenerateDefaultRandomId(), "account": h.account, "origin": h.from, "now": text(time.Now())}).
		WithContext(ctx).Execute()
	return err
}

// Forgive resets the failures of an account, as after a password change.
func Forgive(ctx context.Context, app core.App, account Account) error {
	_, err := app.NonconcurrentDB().Update(collections.LoginAttempts, dbx.Params{"failures": 0}, dbx.HashExp{"account": account.key()}).WithContext(ctx).Execute()
	return err
}

// Flush deletes rows that no longer have an effect.
func Flush(app core.App) error {
	return forget(context.Background(), app, dbx.NewExp("[[last_failure_at]] < {:failed} AND [[last_success_at]] < {:succeeded}",
		dbx.Params{"failed": text(time.Now().Add(-failuresForgotten)), "succeeded": text(time.Now().Add(-originForgotten))}))
}

func forget(ctx context.Context, app core.App, which dbx.Expression) error {
	_, err := app.NonconcurrentDB().Delete(collections.LoginAttempts, which).WithContext(ctx).Execute()
	return err
}

// text formats a time as PocketBase stores it.
func text(at time.Time) string { return at.UTC().Format(types.DefaultDateLayout) }

// wrongCredentials is the error of an attempt with wrong credentials.
type wrongCredentials struct{ error }

// Unwrap returns the error for the client.
func (w wrongCredentials) Unwrap() error { return w.error }

// Wrong wraps the error of an attempt whose credentials were wrong. Only such
// failures count against the account and the address.
func Wrong(err error) error { return wrongCredentials{err} }
