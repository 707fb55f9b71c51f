package collections

import (
	"database/sql"
	"errors"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Rules are the PocketBase API rules of a collection. A nil rule admits
// superusers only.
type Rules struct {
	List, View, Create, Update, Delete *string
}

// DefaultDoctorsScope is the scope whose rules the migrations store. At
// startup, the server stores the rules of its configuration.
const DefaultDoctorsScope = config.DoctorsGlobal

const (
	accountCollection = `@request.auth.collectionName`
	accountID         = `@request.auth.id`
	isUser            = accountCollection + ` = "users"`
)

// Rules returns the collection's API rules, which every PocketBase endpoint
// applies. Expanding a relation applies the view rule, so it is never looser
// than the list rule.
func (c *Collection) Rules(scope config.DoctorsScope) Rules {
	if c.Owner == "" {
		if c.rules == nil {
			return Rules{}
		}
		return *c.rules
	}
	owner := rule(c.ownerRule())
	rules := Rules{List: owner, View: owner, Create: c.createRule(scope), Update: owner, Delete: owner}
	if c.IsReadableByAll(scope) {
		rules.List, rules.View = rule(isUser), rule(isUser)
	}
	if c.isImmutable() {
		rules.Update = nil
	}
	return rules
}

func (c *Collection) ownerRule() string { return isUser + ` && ` + c.Owner + ` = ` + accountID }

// createRule returns a rule that admits users who own the targets of the new
// record's relations. PocketBase itself does not check the targets' owners.
func (c *Collection) createRule(scope config.DoctorsScope) *string {
	text := isUser
	for _, relation := range c.Relations {
		if target := Get(relation.Target); !target.IsReadableByAll(scope) {
			text += ` && ` + relation.Field + `.` + target.Owner + ` = ` + accountID
		}
	}
	return rule(text)
}

// IsReadableByAll reports whether every user may read every record.
func (c *Collection) IsReadableByAll(scope config.DoctorsScope) bool {
	return c.Shared && scope == config.DoctorsGlobal || c.Operators && c.Owner == ""
}

// isImmutable reports whether every field that clients write is immutable.
func (c *Collection) isImmutable() bool {
	if c.Resource == nil {
		return false
	}
	for _, field := range c.Resource.Fields {
		if !field.ReadOnly && !slices.Contains(c.Kept(), field.Name) {
			return false
		}
	}
	return true
}

// AdmitsUsers reports whether a rule is the one that admits every user, and nobody else
// but superusers, whatever the record is.
func AdmitsUsers(rule *string) bool { return rule != nil && *rule == isUser }

// Kept returns the names of the fields that never change: the owner and the
// immutable ones.
func (c *Collection) Kept() []string {
	if c.Owner == "" {
		return c.Immutable
	}
	return append([]string{c.Owner}, c.Immutable...)
}

func rule(text string) *string { return &text }

// Apply updates the stored rules of the program's collections to those of a
// scope. It saves only collections whose rules differ.
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
	return applyServed(app)
}

// applyServed updates the stored rules of the operators' collections that the API
// serves. Its error says which one cannot be served.
func applyServed(app core.App) error {
	switch problem, err := Unservable(app); {
	case err != nil:
		return err
	case problem != "":
		return errors.New(problem)
	}
	for _, name := range slices.Concat(Names(all), Served(app)) {
		collection, err := app.FindCollectionByNameOrId(name)
		if errors.Is(err, sql.ErrNoRows) {
			continue // nobody has made it yet
		}
		if err != nil {
			return err
		}
		if Draw(app, collection) {
			if err := app.Save(collection); err != nil {
				return err
			}
		}
	}
	return nil
}

// CloseUnserved restricts collections with the rules of records that belong to users to
// superusers if the API serves them no more, and returns their names: without what
// serves a collection, its rules let users name others as the owners.
func CloseUnserved(app core.App) ([]string, error) {
	stored, err := app.FindAllCollections(core.CollectionTypeBase)
	if err != nil {
		return nil, err
	}
	var closed []string
	for _, collection := range stored {
		if !HasUnservedOwner(app, collection) {
			continue
		}
		// Bypass the hooks, which may reject a collection that is older than they are.
		_, err := app.NonconcurrentDB().Update(collection.TableName(), dbx.Params{
			"listRule": nil, "viewRule": nil, "createRule": nil, "updateRule": nil, "deleteRule": nil}, dbx.HashExp{"id": collection.Id}).Execute()
		if err != nil {
			return nil, err
		}
		closed = append(closed, collection.Name)
	}
	slices.Sort(closed)
	if len(closed) == 0 {
		return nil, nil
	}
	return closed, app.ReloadCachedCollections()
}

// HasUnservedOwner reports whether a collection that the API does not serve has the
// rules of one that it serves and whose records belong to users.
func HasUnservedOwner(app core.App, collection *core.Collection) bool {
	if collection.Type != core.CollectionTypeBase || collection.System || Get(collection.Name) != nil || IsServed(app, collection) {
		return false
	}
	return drawn(app, collection).Owner != "" && RulesOf(collection).Equal(DrawnRules(app, collection))
}

// Set sets a collection's rules and reports whether that changed any of them.
// It does not save the collection.
func (r Rules) Set(collection *core.Collection) bool {
	before := RulesOf(collection)
	collection.ListRule, collection.ViewRule = r.List, r.View
	collection.CreateRule, collection.UpdateRule, collection.DeleteRule = r.Create, r.Update, r.Delete
	return !before.Equal(r)
}

// RulesOf returns a collection's rules.
func RulesOf(collection *core.Collection) Rules {
	return Rules{
		List: collection.ListRule, View: collection.ViewRule, Create: collection.CreateRule,
		Update: collection.UpdateRule, Delete: collection.DeleteRule,
	}
}

// Equal reports whether all rules have the same text.
func (r Rules) Equal(other Rules) bool {
	same := func(a, b *string) bool {
		return (a == nil) == (b == nil) && (a == nil || *a == *b)
	}
	return same(r.List, other.List) && same(r.View, other.View) && same(r.Create, other.Create) &&
		same(r.Update, other.Update) && same(r.Delete, other.Delete)
}
