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
)

// Collection is the name of the collection that holds what has failed.
const Collection = "login_attempts"

const (
	// freeFailures have no consequence: people mistype.
	freeFailures = 5
	// maxWait is how long an account is slowed down at most.
	maxWait = 5 * time.Minute
	// failuresForgotten is after how long without a failure all are forgotten.
	failuresForgotten = time.Hour
	// originForgotten is after how long without a login an address counts as a
	// stranger's again.
	originForgotten = 90 * 24 * time.Hour
	// knownAgainAfter is how often it is noted that an address is known.
	knownAgainAfter = 24 * time.Hour
	// strangers is the origin of all addresses that are not known.
	strangers = ""
)

// Account is what somebody tries to sign in to. It need not exist: that there is
// none must not show.
type Account struct {
	// Collection is the name of the auth collection.
	Collection string
	// Identity is the e-mail address, or what else the caller names.
	Identity string
}

// AccountOf is a record's account.
func AccountOf(record *core.Record) Account {
	return Account{Collection: record.Collection().Name, Identity: record.Email()}
}

// key names the account without telling it: what people type where an address
// belongs may be a password.
func (a Account) key() string {
	return digest(a.Collection + "/" + strings.ToLower(strings.TrimSpace(a.Identity)))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// history is what is known about logins to an account from an origin: that of a
// known address for itself, and of all strangers together. So no stranger can
// slow down the owner where the owner has been before.
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
	err := app.DB().Select("origin", "failures", "last_failure_at", "last_success_at").From(Collection).
		Where(dbx.HashExp{"account": account, "origin": []any{strangers, from}}).WithContext(ctx).All(&rows)
	if err != nil {
		return nil, err
	}
	found := &history{account: account, origin: strangers, from: from}
	for _, row := range rows {
		if row.Origin == from && time.Since(row.LastSuccessAt.Time()) < originForgotten {
			found.origin, found.isKnown, found.row = from, true, row
			return found, nil
		}
		if row.Origin == strangers {
			found.row = row
		}
	}
	return found, nil
}

// wait is how long the next attempt has to wait: 1, 2, 4, ... seconds.
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

// failed counts a failure, whether or not the client waits for the answer.
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

// succeeded makes the address a known one and forgets its failures.
func (h *history) succeeded(ctx context.Context, app core.App) error {
	if !h.isKnown && h.row.Failures > 0 {
		if err := forget(ctx, app, dbx.HashExp{"account": h.account, "origin": strangers}); err != nil {
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

// Forgive forgets all failures of an account, as a new password does.
func Forgive(ctx context.Context, app core.App, account Account) error {
	_, err := app.NonconcurrentDB().Update(Collection, dbx.Params{"failures": 0}, dbx.HashExp{"account": account.key()}).WithContext(ctx).Execute()
	return err
}

// Flush deletes what counts no longer.
func Flush(app core.App) error {
	return forget(context.Background(), app, dbx.NewExp("[[last_failure_at]] < {:failed} AND [[last_success_at]] < {:succeeded}",
		dbx.Params{"failed": text(time.Now().Add(-failuresForgotten)), "succeeded": text(time.Now().Add(-originForgotten))}))
}

func forget(ctx context.Context, app core.App, which dbx.Expression) error {
	_, err := app.NonconcurrentDB().Delete(Collection, which).WithContext(ctx).Execute()
	return err
}

// text is a time as PocketBase stores it.
func text(at time.Time) string { return at.UTC().Format(types.DefaultDateLayout) }

// wrong marks an attempt whose credentials were wrong.
type wrong struct{ error }

// Wrong is how an attempt says that it failed because its credentials were
// wrong, and not for another reason.
func Wrong(err error) error { return wrong{err} }
