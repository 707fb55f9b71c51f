package migrations

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// DefaultDoctorsScope is the scope whose rules the migrations store; the start
// of the server stores those of the configuration.
const DefaultDoctorsScope = config.DoctorsGlobal

// AccessRules are PocketBase's rules of a collection. A nil rule admits
// superusers only.
type AccessRules struct {
	List, View, Create, Update, Delete *string
}

// Rules returns the rules of every collection: who may do what, through every
// door that PocketBase has. Expanding a relation applies the view rule, so it
// is never looser than the list rule.
func Rules(scope config.DoctorsScope) map[string]AccessRules {
	self := rule(`id = @request.auth.id`)
	signedIn := rule(`@request.auth.collectionName = "users"`)
	owner := rule(`@request.auth.collectionName = "users" && created_by = @request.auth.id`)

	doctors := AccessRules{List: signedIn, View: signedIn, Create: signedIn, Update: owner, Delete: owner}
	assignable := rule(`@request.auth.collectionName = "users" && patient.created_by = @request.auth.id`)
	if scope == config.DoctorsOwner {
		doctors.List, doctors.View = owner, owner
		assignable = rule(*assignable + ` && doctor.created_by = @request.auth.id`)
	}
	return map[string]AccessRules{
		Users:             {List: self, View: self, Create: rule(``), Update: self, Delete: self},
		Patients:          {List: owner, View: owner, Create: signedIn, Update: owner, Delete: owner},
		Doctors:           doctors,
		Mappings:          {List: owner, View: owner, Create: assignable, Update: nil, Delete: owner},
		BlacklistedTokens: {},
		Sessions:          {},
		AuditEvents:       {},
		LoginAttempts:     {},
	}
}

func rule(text string) *string { return &text }

// Apply stores the rules of a scope in the collections where they differ.
func Apply(app core.App, scope config.DoctorsScope) error {
	for name, rules := range Rules(scope) {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			return err
		}
		if !rules.apply(collection) {
			continue
		}
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}

// apply sets the rules and reports whether any of them was another.
func (r AccessRules) apply(collection *core.Collection) bool {
	stored := AccessRules{
		List: collection.ListRule, View: collection.ViewRule, Create: collection.CreateRule,
		Update: collection.UpdateRule, Delete: collection.DeleteRule,
	}
	collection.ListRule, collection.ViewRule = r.List, r.View
	collection.CreateRule, collection.UpdateRule, collection.DeleteRule = r.Create, r.Update, r.Delete
	return !stored.Equal(r)
}

// Equal reports whether the rules are the same to the letter.
func (r AccessRules) Equal(other AccessRules) bool {
	same := func(a, b *string) bool {
		return (a == nil) == (b == nil) && (a == nil || *a == *b)
	}
	return same(r.List, other.List) && same(r.View, other.View) && same(r.Create, other.Create) &&
		same(r.Update, other.Update) && same(r.Delete, other.Delete)
}
