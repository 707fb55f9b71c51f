// Package collections declares what the program's own collections are: who owns
// their records, what of them never changes, which relations must stay with one
// owner, who may do what, and which fields the documented API shows. Migrations,
// hooks, routes, the audit trail and the server's guards follow these
// declarations.
package collections

import (
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
	// Owner is the relation to the user whose record it is; empty if records have
	// no owner. It never changes.
	Owner string
	// Immutable are the fields besides Owner that keep their first value.
	Immutable []string
	// Shared lets every user read the records of all owners where DOCTORS_SCOPE is
	// global. Only the owner changes them.
	Shared bool
	// Relations point to records that belong to the record's owner.
	Relations []Relation
	// Patient is the field that names the patient whom a record is about: "id", a
	// relation, or empty if there is none.
	Patient string
	// Unrecorded keeps the records' changes and reads out of the audit trail: they
	// come and go with requests and say nothing about health.
	Unrecorded bool
	// Resource is what the documented API shows of a record; nil if nothing.
	Resource *Resource
	// Extra are the names of the stored fields that nothing above names.
	Extra []string
	// rules are those of a collection without an owner; nil admits superusers only.
	rules *Rules
}

// Relation is a relation to a record of the same owner. Where the target is
// shared, any target will do.
type Relation struct {
	Field, Target string
	// GivesOwner makes the target's owner the record's owner.
	GivesOwner bool
}

// Resource declares what the documented API shows of a collection.
type Resource struct {
	// Model names the objects in messages ("No Patient matches the given query."),
	// Noun in sentences. Description introduces the resource in the reference.
	Model, Noun, Description string
	// Fields are the representation, in its order.
	Fields []rest.Field
	// Search are the fields that ?search= looks into; Filters those that can be
	// asked for exactly (?field=value).
	Search, Filters []string
	// NotUnique is the answer to an object that exists already; nil if objects may
	// be equal.
	NotUnique error
}

// all are the collections in the order in which their migrations make them.
var all = []*Collection{users, patients, doctors, mappings, blacklistedTokens, sessions, auditEvents, loginAttempts, idempotencyKeys}

// All returns the declaration of every collection of the program.
func All() []*Collection { return all }

// Get returns the declaration of a collection, nil for a collection that is not
// the program's own.
func Get(name string) *Collection {
	i := slices.IndexFunc(all, func(c *Collection) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return all[i]
}

// Owned returns the collections whose records have an owner. They hold what is
// known about patients and who treats them.
func Owned() []*Collection {
	return slices.DeleteFunc(slices.Clone(all), func(c *Collection) bool { return c.Owner == "" })
}

// Names returns the names of collections.
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
