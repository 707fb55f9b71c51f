package collections

import (
	"database/sql"
	"errors"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/rest"
)

// FindByEmail returns the account of an address, in its one spelling or as an earlier
// version stored it; nil if there is none. The collection is one of accounts, or its
// name.
func FindByEmail(app core.App, collection any, email string) (*core.Record, error) {
	for _, spelling := range []string{rest.NormalizeEmail(email), email} {
		account, err := app.FindAuthRecordByEmail(collection, spelling)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return account, err
		}
	}
	return nil, nil
}
