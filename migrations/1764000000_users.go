package migrations

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/dbutils"
	"github.com/pocketbase/pocketbase/tools/types"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
)

// The users collection is PocketBase's own, made stricter: a name that is
// required and bounded, no uploads, and one e-mail address per user without
// regard to case.
func init() {
	pocketbase.Register(usersUp, usersDown)
}

const emailIndex = "idx_users_email"

func usersUp(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	users.Fields.RemoveByName("avatar")
	users.OAuth2.MappedFields.AvatarURL = ""
	users.Fields.Add(&core.TextField{
		Id: users.Fields.GetByName("name").GetId(), Name: "name",
		Required: true, Max: 150, Presentable: true, Help: "The user's full name.",
	})
	if email, ok := users.Fields.GetByName(core.FieldNameEmail).(*core.EmailField); ok {
		email.Presentable, email.Required = true, true
		email.Help = "The address that the user signs in with. Upper and lower case are the same."
	}
	// PocketBase looks addresses up without regard to case if their index does.
	// Its own index leaves empty addresses out, and cannot serve such a look-up.
	replaceEmailIndex(users, emailIndex, "email COLLATE NOCASE", "")
	return save(app, users)
}

func usersDown(app core.App) error {
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return err
	}
	users.Fields.Add(&core.TextField{Id: users.Fields.GetByName("name").GetId(), Name: "name", Max: 255})
	users.Fields.Add(&core.FileField{
		Name: "avatar", MaxSelect: 1,
		MimeTypes: []string{"image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"},
	})
	users.OAuth2.MappedFields.AvatarURL = "avatar"
	if email, ok := users.Fields.GetByName(core.FieldNameEmail).(*core.EmailField); ok {
		email.Presentable, email.Required, email.Help = false, false, ""
	}
	self := types.Pointer("id = @request.auth.id")
	collections.Rules{List: self, View: self, Create: types.Pointer(""), Update: self, Delete: self}.Set(users)
	replaceEmailIndex(users, "idx_email_"+users.Id, "email", "email != ''")
	return app.Save(users)
}

func replaceEmailIndex(users *core.Collection, name, column, where string) {
	if old, ok := dbutils.FindSingleColumnUniqueIndex(users.Indexes, core.FieldNameEmail); ok {
		users.RemoveIndex(old.IndexName)
	}
	users.AddIndex(name, true, column, where)
}
