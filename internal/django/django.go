// Package django keeps passwords and tokens of an imported Django deployment working.
package django

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// The fields that an import adds to users.
const (
	// FieldPassword holds the hash that Django stored, until the first sign-in
	// replaces it with PocketBase's; users and superusers have it. It is a password
	// field, so no API returns it.
	FieldPassword = "django_password"
	// FieldInactive is the inverse of Django's is_active, so that the zero value is a
	// user who may sign in.
	FieldInactive = "inactive"
)

// invalidDomain is a reserved domain that cannot be registered (RFC 2606).
const invalidDomain = ".invalid"

// maxAddress is the maximum length of Django's EmailField.
const maxAddress = 254

// Placeholder returns an address for a user whose own is invalid or already taken. It
// cannot be used to sign in.
func Placeholder(id, address string) string {
	suffix := "." + id + invalidDomain
	if address == "" || len(address)+len(suffix) > maxAddress {
		return "user@" + id + invalidDomain
	}
	return address + suffix
}

// hasPlaceholder reports whether a record's address is a placeholder.
func hasPlaceholder(record *core.Record) bool {
	address := strings.ToLower(record.Email())
	suffix := "." + record.Id + invalidDomain
	return strings.HasSuffix(address, suffix) || address == "user@"+record.Id+invalidDomain
}

// IsInactive reports whether a user is deactivated, as with Django's is_active =
// False.
func IsInactive(user *core.Record) bool { return user.GetBool(FieldInactive) }
