package deletion

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/dbutils"

	"carebase/internal/hidden"
)

// maxDepth is how far relations are followed: a user's doctors' mappings are two.
const maxDepth = 6

// reference is a relation to records of a collection.
type reference struct {
	from  *core.Collection
	field *core.RelationField
}

// removes reports whether records go with the one that they refer to. Otherwise its
// id is taken out of them, or they keep it from being deleted.
func (r reference) removes() bool { return r.field.CascadeDelete && !r.field.IsMultiple() }

// blocks reports whether no record may be deleted that another refers to.
func (r reference) blocks() bool { return r.field.Required && !r.field.CascadeDelete }

// where returns the condition, in dbx's notation, for records that refer to one of
// those that a list or a query has.
func (r reference) where(targets string) string {
	column := r.from.Name + "." + r.field.Name
	if r.field.IsMultiple() {
		return r.refersTo("IN (" + targets + ")")
	}
	return "[[" + column + "]] IN (" + targets + ")"
}

// refersTo returns the condition for records with a relation to several of which one
// fulfils a condition.
func (r reference) refersTo(condition string) string {
	return "EXISTS (SELECT 1 FROM " + dbutils.JSONEach(r.from.Name+"."+r.field.Name) + " AS referred WHERE referred.value " + condition + ")"
}

// referencesTo returns the relations to a collection, in a fixed order.
func referencesTo(app core.App, collection *core.Collection) ([]reference, error) {
	found, err := app.FindCachedCollectionReferences(collection)
	if err != nil {
		return nil, err
	}
	var references []reference
	for from, fields := range found {
		for _, field := range fields {
			if relation, ok := field.(*core.RelationField); ok && !from.IsView() {
				references = append(references, reference{from, relation})
			}
		}
	}
	slices.SortFunc(references, func(a, b reference) int {
		return cmp.Or(cmp.Compare(a.from.Name, b.from.Name), cmp.Compare(a.field.Name, b.field.Name))
	})
	return references, nil
}

// follow visits the relations to a collection, and to all whose records may go with its
// records.
func follow(app core.App, collection *core.Collection, visit func(reference)) error {
	removed := []*core.Collection{collection}
	for i := 0; i < len(removed); i++ {
		references, err := referencesTo(app, removed[i])
		if err != nil {
			return err
		}
		for _, each := range references {
			visit(each)
			isKnown := slices.ContainsFunc(removed, func(known *core.Collection) bool { return known.Id == each.from.Id })
			if each.field.CascadeDelete && !isKnown {
				removed = append(removed, each.from)
			}
		}
	}
	return nil
}

// belonging are records that belong to a record, directly or through others.
type belonging struct {
	reference
	// where is the condition for them; {:root} is the record's id.
	where string
	// unfollowed is set if records go with them that are not in the list.
	unfollowed bool
}

// belongingTo returns what belongs to a record of a collection, nearest first.
func belongingTo(app core.App, collection *core.Collection) ([]belonging, error) {
	type node struct {
		collection *core.Collection
		targets    string
		path       []string
	}
	var found []belonging
	for level := []node{{collection, "{:root}", []string{collection.Id}}}; len(level) > 0; {
		var next []node
		for _, each := range level {
			references, err := referencesTo(app, each.collection)
			if err != nil {
				return nil, err
			}
			for _, reference := range references {
				where := reference.where(each.targets)
				follows := reference.removes() && len(each.path) < maxDepth && !slices.Contains(each.path, reference.from.Id)
				found = append(found, belonging{reference, where, reference.field.CascadeDelete && !follows})
				if follows {
					targets := "SELECT [[" + reference.from.Name + ".id]] FROM {{" + reference.from.Name + "}} WHERE " + where
					next = append(next, node{reference.from, targets, append(slices.Clone(each.path), reference.from.Id)})
				}
			}
		}
		level = next
	}
	return found, nil
}

// total counts all that belongs to a record, each record once.
func total(ctx context.Context, app core.App, collection *core.Collection, root string) (total int64, err error) {
	all, err := belongingTo(app, collection)
	if err != nil {
		return 0, err
	}
	conditions := map[string][]string{}
	for _, each := range all {
		conditions[each.from.Name] = append(conditions[each.from.Name], each.where)
	}
	for name, where := range conditions {
		var count int64
		err := app.ConcurrentDB().NewQuery("SELECT count(*) FROM {{" + name + "}} WHERE " + strings.Join(where, " OR ")).
			Bind(dbx.Params{"root": root}).WithContext(ctx).Row(&count)
		if err != nil {
			return 0, err
		}
		total += count
	}
	return total, nil
}

// conditions returns what to hide while records of some collections are deleted.
func conditions(app core.App, roots []string) (hidden.Conditions, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	all, err := app.FindAllCollections()
	if err != nil {
		return nil, err
	}
	byID := map[string]*core.Collection{}
	for _, collection := range all {
		byID[collection.Id] = collection
	}
	found := hidden.Conditions{}
	for _, collection := range all {
		if collection.IsView() {
			continue
		}
		if condition := belongs(byID, roots, collection, hidden.Column, []string{collection.Id}); condition != "" {
			found[collection.Name] = condition
		}
	}
	return found, nil
}

// belongs returns the condition that a record belongs to one that is deleted; empty if
// none can. Column returns the record's columns.
func belongs(collections map[string]*core.Collection, roots []string, collection *core.Collection, column func(string) string, path []string) string {
	var conditions []string
	for _, field := range collection.Fields {
		relation, ok := field.(*core.RelationField)
		if !ok || !(reference{collection, relation}).removes() {
			continue
		}
		if slices.Contains(roots, relation.CollectionId) {
			conditions = append(conditions, fmt.Sprintf("%s IN (SELECT record FROM record_deletions WHERE collection = '%s')", column(relation.Name), relation.CollectionId))
		}
		target := collections[relation.CollectionId]
		if target == nil || len(path) >= maxDepth || slices.Contains(path, target.Id) {
			continue
		}
		alias := fmt.Sprintf("owner%d", len(path))
		inner := func(name string) string { return "`" + alias + "`.`" + name + "`" }
		if condition := belongs(collections, roots, target, inner, append(slices.Clone(path), target.Id)); condition != "" {
			conditions = append(conditions, fmt.Sprintf("EXISTS (SELECT 1 FROM `%s` AS `%s` WHERE %s = %s AND (%s))", target.Name, alias, inner("id"), column(relation.Name), condition))
		}
	}
	return strings.Join(conditions, " OR ")
}

// view returns the view collection with a name in any case; nil if there is none. It looks
// at the cache only: the query that would fill it looks for views, too.
func (d *Deletions) view(name string) *core.Collection {
	known, _ := d.app.Store().Get(core.StoreKeyCachedCollections).([]*core.Collection)
	for _, each := range known {
		if each.IsView() && strings.EqualFold(each.Name, name) {
			return each
		}
	}
	return nil
}
