package cli

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/backup"
	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/migrations"
)

const (
	usersCollection = collections.Users
	// maxEmail is the length of Django's EmailField.
	maxEmail = 254
	// maxPasswordBytes is bcrypt's limit.
	maxPasswordBytes = 71
	// unusableLength is the length of a password that nobody knows.
	unusableLength = 60
)

// requireDatabase returns an error if a command that needs a database would create one.
func requireDatabase(app core.App, config *config.Config) error {
	if config.PostgreSQL != nil {
		return nil
	}
	return backup.RequireData(app.DataDir())
}

// prepareDatabase migrates the database that a command works on.
func prepareDatabase(app core.App) error {
	if err := migrations.RefuseNewer(app); err != nil {
		return err
	}
	return app.RunAllMigrations()
}

// findAccount returns the account with an address; nil if there is none.
func findAccount(app core.App, collection, email string) (*core.Record, error) {
	return collections.FindByEmail(app, collection, email)
}

// newAccount returns a new record with an address and a password, which an operator may
// choose against the policy. Without a password nobody can sign in.
func newAccount(app core.App, name string, made account) (*core.Record, error) {
	collection, err := app.FindCollectionByNameOrId(name)
	if err != nil {
		return nil, err
	}
	password := made.password
	if password == "" {
		password = security.RandomString(unusableLength)
	}
	// Only a plain password is validated.
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	record := core.NewRecord(collection)
	record.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: string(hash)})
	record.SetEmail(rest.NormalizeEmail(made.email))
	record.SetVerified(true)
	return record, nil
}

// passwordProblems returns what the password policy says.
func passwordProblems(password string, owner account) []string {
	return rest.ValidatePassword(password, rest.UserAttribute{Name: "name", Value: owner.name}, rest.UserAttribute{Name: "email", Value: owner.email})
}
