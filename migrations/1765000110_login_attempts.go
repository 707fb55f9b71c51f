package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

func init() {
	pocketbase.Register(loginAttemptsUp, drop(collections.LoginAttempts))
}

func loginAttemptsUp(app core.App) error {
	attempts := core.NewBaseCollection(collections.LoginAttempts)
	attempts.Fields.Add(
		&core.TextField{Name: "account", Required: true, Max: 64, Presentable: true, Help: "The SHA-256 of what somebody tries to sign in to, whether it exists or not."},
		&core.TextField{Name: "origin", Max: 64, Help: "An address that has signed in to the account before; empty for all others together."},
		&core.NumberField{Name: "failures", OnlyInt: true, Help: "Failures since the last success. From the sixth on, the next attempt has to wait."},
		&core.DateField{Name: "last_failure_at", Help: "When the last attempt failed; after an hour all failures are forgotten."},
		&core.DateField{Name: "last_success_at", Help: "When the address last signed in; after 90 days it is a stranger's again."},
	)
	attempts.AddIndex("idx_login_attempts_account", true, "account, origin", "")
	return save(app, attempts)
}
