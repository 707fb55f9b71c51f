package hooks

import (
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/dberror"
)

// bindCredentials refuses new credentials for an account whose credentials have changed
// since it was read: what the request has proved, an old password or a mailed token,
// holds no longer. Otherwise both requests would succeed, and the sessions of one would
// survive the password of the other.
func bindCredentials(app core.App) {
	app.OnRecordUpdateExecute().BindFunc(func(e *core.RecordEvent) error {
		if !e.Record.Collection().IsAuth() || !changesCredentials(e.Record) {
			return e.Next()
		}
		return audit.InTransaction(&e.App, func() error {
			if err := claimCredentials(e); err != nil {
				return err
			}
			return e.Next()
		})
	})
}

func changesCredentials(record *core.Record) bool {
	before := record.Original()
	return record.Get(core.FieldNamePassword) != before.Get(core.FieldNamePassword) || record.Email() != before.Email() || record.TokenKey() != before.TokenKey()
}

// claimCredentials gives an account a new token key if it still has the one that it was
// read with.
func claimCredentials(e *core.RecordEvent) error {
	before := e.Record.Original().TokenKey()
	if before == "" {
		return nil // it was created in this transaction
	}
	if e.Record.TokenKey() == before {
		e.Record.RefreshTokenKey()
	}
	claimed, err := e.App.NonconcurrentDB().Update(e.Record.Collection().Name, dbx.Params{core.FieldNameTokenKey: e.Record.TokenKey()},
		dbx.HashExp{core.FieldNameId: e.Record.Id, core.FieldNameTokenKey: before}).WithContext(e.Context).Execute()
	if err != nil {
		return err
	}
	if changed, err := claimed.RowsAffected(); err != nil || changed != 1 {
		return fmt.Errorf("the credentials of an account were changed meanwhile: %w", dberror.ErrConflict)
	}
	return nil
}
