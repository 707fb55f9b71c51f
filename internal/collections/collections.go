// Package collections declares the program's own collections: owner, immutable
// fields, relations confined to one owner, API rules, and the fields of the
// documented API. Migrations, hooks, routes, the audit trail and the server's
// guards follow these declarations.
package collections

import (
	"cmp"
	"slices"

	"carebase/internal/rest"
)

// The names of the collections.
const (
	Users             = "users"
	Patients          = "patients"
	Doctors           = "doctors"
	Mappings          = "mappings"
	BlacklistedTokens = "blacklisted_tokens"
	Sessions          = "sessions"
	AuditEvents       = "audit_events"
	LoginAttempts     = "login_attempts"
	IdempotencyKeys   = "idempotency_keys"
)

// The names of the fields that every collection with an owner has.
const (
	CreatedBy = "created_by"
	CreatedAt = "created_at"
)

// Collection declares one collection.
type Collection struct {
	Name string
	// Owner is the relation to the user who owns the record; empty if records
	// have no owner. It never changes.
	Owner string
	// Immutable are the fields besides Owner that cannot change after creation.
	Immutable []string
	// Shared lets every user read the records of all owners if DOCTORS_SCOPE is
	// global. Only the owner may change them.
	Shared bool
	// Relations point to records that belong to the record's owner.
	Relations []Relation
	// Links are the relations that operators have added. One that points to a record
	// with an owner points to a record of the same owner, too.
	Links []Link
	// Patient is the field that identifies the patient a record is about: "id", a
	// relation, or empty if there is none.
	Patient string
	// Operators marks collections that operators have made.
	Operators bool
	// creation is the field with the date of creation if it is not CreatedAt.
	creation string
	// Unrecorded excludes changes and reads of the records from the audit trail:
	// they are by-products of requests and contain no health data.
	Unrecorded bool
	// Resource declares how the documented API exposes the records; nil if it
	// does not.
	Resource *Resource
	// Extra are the names of the stored fields that are not declared above.
	Extra []string
	// rules are the API rules of a collection without an owner; nil admits
	// superusers only.
	rules *Rules
}

// Relation is a relation to a record of the same owner, or to any record if
// every user may read the target.
type Relation struct {
	Field, Target string
	// GivesOwner sets the record's owner to the target's owner.
	GivesOwner bool
}

// Link is a relation to any collection.
type Link struct {
	Field, Target string
}

// Resource declares how the documented API exposes a collection.
type Resource struct {
	// Model names the objects in messages ("No Patient matches the given query."),
	// Noun in sentences. Description introduces the resource in the reference.
	Model, Noun, Description string
	// Fields are the fields of the representation, in order.
	Fields []rest.Field
	// Search are the fields that ?search= matches, Filters those that
	// ?field=value matches exactly.
	Search, Filters []string
	// Lookups are the filters besides exact values.
	Lookups []Lookup
	// Sorted are the fields besides CreatedAt by which an index sorts the rows of a
	// list.
	Sorted []string
}

// all lists the collections in the order in which the migrations create them.
var all = []*Collection{users, patients, doctors, mappings, blacklistedTokens, sessions, auditEvents, loginAttempts, idempotencyKeys}

// All returns the declarations of all the program's own collections.
func All() []*Collection { return all }

// Get returns the declaration of a collection; nil if it is not one of the
// program's own.
func Get(name string) *Collection {
	i := slices.IndexFunc(all, func(c *Collection) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return all[i]
}

// Owned returns the collections whose records have an owner. They hold the
// health data: patients, and who treats them.
func Owned() []*Collection {
	return slices.DeleteFunc(slices.Clone(all), func(c *Collection) bool { return c.Owner == "" })
}

// Numbered returns the names of the collections whose new records get numbers as
// ids.
func Numbered() []string { return append([]string{Users}, Names(Owned())...) }

// Creation returns the name of the field by which records are in the order of their
// creation.
func (c *Collection) Creation() string { return cmp.Or(c.creation, CreatedAt) }

// Names returns the names of the given collections.
func Names(collections []*Collection) []string {
	names := make([]string, len(collections))
	for i, collection := range collections {
		names[i] = collection.Name
	}
	return names
}

// IsOwned reports whether the records of the named collection have an owner.
func IsOwned(name string) bool {
	collection := Get(name)
	return collection != nil && collection.Owner != ""
}
