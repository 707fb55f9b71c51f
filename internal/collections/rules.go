package collections

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Rules are PocketBase's API rules of a collection. A nil rule admits superusers
// only.
type Rules struct {
	List, View, Create, Update, Delete *string
}

// DefaultDoctorsScope is the scope whose rules the migrations store; the server
// stores those of its configuration when it starts.
const DefaultDoctorsScope = config.DoctorsGlobal

const (
	isUser  = `@request.auth.collectionName = "users"`
	isOwner = `@request.auth.id`
)

// Rules returns the collection's rules: who may do what, at every door that
// PocketBase has. Expanding a relation applies the view rule, so it is never
// looser than the list rule.
func (c *Collection) Rules(scope config.DoctorsScope) Rules {
	if c.Owner == "" {
		if c.rules == nil {
			return Rules{}
		}
		return *c.rules
	}
	owner := rule(isUser + ` && ` + c.Owner + ` = ` + isOwner)
	rules := Rules{List: owner, View: owner, Create: c.createRule(scope), Update: owner, Delete: owner}
	if c.IsReadableByAll(scope) {
		rules.List, rules.View = rule(isUser), rule(isUser)
	}
	if c.isImmutable() {
		rules.Update = nil
	}
	return rules
}

// createRule admits users who own what the new record's relations name.
// PocketBase itself does not look at the targets' owners.
func (c *Collection) createRule(scope config.DoctorsScope) *string {
	text := isUser
	for _, relation := range c.Relations {
		if target := Get(relation.Target); !target.IsReadableByAll(scope) {
			text += ` && ` + relation.Field + `.` + target.Owner + ` = ` + isOwner
		}
	}
	return rule(text)
}

// IsReadableByAll reports whether every user may read every record.
func (c *Collection) IsReadableByAll(scope config.DoctorsScope) bool {
	return c.Shared && scope == config.DoctorsGlobal
}

// isImmutable reports whether no field that clients write can change.
func (c *Collection) isImmutable() bool {
	if c.Resource == nil {
		return false
	}
	for _, field := range c.Resource.Fields {
		if !field.ReadOnly && !c.keeps(field.Name) {
			return false
		}
	}
	return true
}

// keeps reports whether a field never changes.
func (c *Collection) keeps(field string) bool {
	for _, name := range c.Kept() {
		if name == field {
			return true
		}
	}
	return false
}

// Kept returns the fields that never change: the owner, and the immutable ones.
func (c *Collection) Kept() []string {
	if c.Owner == "" {
		return c.Immutable
	}
	return append([]string{c.Owner}, c.Immutable...)
}

func rule(text string) *string { return &text }

// Apply stores the rules of a scope in the program's collections where they
// differ.
func Apply(app core.App, scope config.DoctorsScope) error {
	for _, declared := range all {
		collection, err := app.FindCollectionByNameOrId(declared.Name)
		if err != nil {
			return err
		}
		if !declared.Rules(scope).Set(collection) {
			continue
		}
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	return nil
}

// Set sets a collection's rules and reports whether any of them was another. It
// stores nothing.
func (r Rules) Set(collection *core.Collection) bool {
	before := RulesOf(collection)
	collection.ListRule, collection.ViewRule = r.List, r.View
	collection.CreateRule, collection.UpdateRule, collection.DeleteRule = r.Create, r.Update, r.Delete
	return !before.Equal(r)
}

// RulesOf returns the rules that a collection has.
func RulesOf(collection *core.Collection) Rules {
	return Rules{
		List: collection.ListRule, View: collection.ViewRule, Create: collection.CreateRule,
		Update: collection.UpdateRule, Delete: collection.DeleteRule,
	}
}

// Equal reports whether the rules are the same to the letter.
func (r Rules) Equal(other Rules) bool {
	same := func(a, b *string) bool {
		return (a == nil) == (b == nil) && (a == nil || *a == *b)
	}
	return same(r.List, other.List) && same(r.View, other.View) && same(r.Create, other.Create) &&
		same(r.Update, other.Update) && same(r.Delete, other.Delete)
}
