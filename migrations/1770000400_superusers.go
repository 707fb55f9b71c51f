package migrations

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// A mailbox is one superuser, too, however its letters are written.
func init() {
	pocketbase.Register(superusersUp, superusersDown)
}

const superusersEmailIndex = "idx_superusers_email"

// superusersUp leaves the index as it is if there are superusers whose addresses differ in
// nothing else: they are two accounts.
func superusersUp(app core.App) error {
	var mailboxes, accounts int
	err := app.DB().Select("count(DISTINCT lower([[email]]))", "count(*)").From(core.CollectionNameSuperusers).
		Where(dbx.Not(dbx.HashExp{core.FieldNameEmail: ""})).Row(&mailboxes, &accounts)
	if err != nil || mailboxes < accounts {
		return err
	}
	return replaceSuperusersIndex(app, superusersEmailIndex, "email COLLATE NOCASE", "")
}

func superusersDown(app core.App) error {
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return err
	}
	return replaceSuperusersIndex(app, "idx_email_"+superusers.Id, "email", "email != ''")
}

func replaceSuperusersIndex(app core.App, name, column, where string) error {
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return err
	}
	replaceEmailIndex(superusers, name, column, where)
	return app.Save(superusers)
}
