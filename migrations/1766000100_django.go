package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/collections"
	"carebase/internal/django"
)

func init() {
	pocketbase.Register(djangoUp, djangoDown)
}

// djangoUp makes room for users of a Django deployment. Existing users stay active:
// the field says who is not.
func djangoUp(app core.App) error {
	for _, name := range []string{collections.Users, core.CollectionNameSuperusers} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		collection.Fields.Add(&core.PasswordField{
			Name: django.FieldPassword, Hidden: true,
			Help: "The password as Django hashed it, until the first sign-in replaces it. Leave it alone.",
		})
		if name == collections.Users {
			collection.Fields.Add(&core.BoolField{
				Name: django.FieldInactive, Hidden: true,
				Help: "Whether the user may not sign in: the opposite of Django's is_active.",
			})
			collection.AddIndex(djangoIndex, false, django.FieldPassword, django.FieldPassword+" != ''")
		}
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}

// djangoIndex finds the users who have not signed in since they were imported.
const djangoIndex = "idx_users_django_password"

func djangoDown(app core.App) error {
	for _, name := range []string{collections.Users, core.CollectionNameSuperusers} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		collection.RemoveIndex(djangoIndex)
		collection.Fields.RemoveByName(django.FieldPassword)
		collection.Fields.RemoveByName(django.FieldInactive)
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}
