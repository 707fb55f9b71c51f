// Package django lets what moved in from a Django deployment go on working:
// passwords that Django hashed, and tokens that it signed.
package django

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// The fields that an imported user has.
const (
	// FieldPassword is the hash that Django stored, until the first sign-in replaces it
	// by PocketBase's; users and superusers have it. It is a password field, so that
	// no API shows it to anybody.
	FieldPassword = "django_password"
	// FieldInactive is the opposite of Django's is_active, so that the default is a
	// user who may sign in.
	FieldInactive = "inactive"
)

// invalidDomain can never be registered (RFC 2606).
const invalidDomain = ".invalid"

// maxAddress is the longest address that Django stores.
const maxAddress = 254

// Placeholder is an address in the place of one that a user cannot have, because
// somebody else has it or it is none. Nobody signs in with it.
func Placeholder(id, address string) string {
	suffix := "." + id + invalidDomain
	if address == "" || len(address)+len(suffix) > maxAddress {
		return "user@" + id + invalidDomain
	}
	return address + suffix
}

// hasPlaceholder reports whether a record's address is a Placeholder.
func hasPlaceholder(record *core.Record) bool {
	address := strings.ToLower(record.Email())
	suffix := "." + record.Id + invalidDomain
	return strings.HasSuffix(address, suffix) || address == "user@"+record.Id+invalidDomain
}

// IsInactive reports whether a user may not sign in, as Django's is_active = False.
func IsInactive(user *core.Record) bool { return user.GetBool(FieldInactive) }
