package migrations

import (
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
	alike, err := SuperusersAlike(app)
	if err != nil || len(alike) > 0 {
		return err
	}
	return replaceSuperusersIndex(app, superusersEmailIndex, "email COLLATE NOCASE", "")
}

// UniteSuperusers makes a mailbox one superuser in a database that had two when it was
// migrated, once they are one.
func UniteSuperusers(app core.App) error {
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil || superusers.GetIndex(superusersEmailIndex) != "" {
		return err
	}
	return superusersUp(app)
}

// SuperusersAlike returns the addresses of some superusers that differ from another's in
// the case of letters alone: accounts from before a mailbox was one superuser.
func SuperusersAlike(app core.App) (addresses []string, err error) {
	err = app.DB().NewQuery(`SELECT [[email]] FROM {{_superusers}} WHERE [[email]] != '' AND lower([[email]]) IN
		(SELECT lower([[email]]) FROM {{_superusers}} GROUP BY lower([[email]]) HAVING count(*) > 1) ORDER BY lower([[email]]), [[email]] LIMIT 10`).
		Column(&addresses)
	return addresses, err
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
