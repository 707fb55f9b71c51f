package django

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
)

// Prefixes of PocketBase's token keys. A key that PocketBase generates itself has
// none.
const (
	// importedKey marks a key that the import wrote. Whatever ends all of a user's
	// tokens replaces the key, and with it Django's tokens end, too.
	importedKey = "django-"
	// inactiveKey marks the key of a deactivated user; the former key follows.
	inactiveKey = "inactive-"
)

// tokenKeyLength is the length of the random part of a key, as of PocketBase's own.
const tokenKeyLength = 40

// NewTokenKey returns the token key of an imported user, for whom Django's tokens hold.
func NewTokenKey() string { return importedKey + security.RandomString(tokenKeyLength) }

// HoldsTokens reports whether the tokens that Django issued to a user hold: nothing has
// ended all of the user's tokens since the import.
func HoldsTokens(user *core.Record) bool {
	return strings.HasPrefix(FormerTokenKey(user), importedKey)
}

// FormerTokenKey returns the token key of a user before a deactivation: what the
// tokens are signed with that it ended. It is the key itself if the user is active.
func FormerTokenKey(user *core.Record) string {
	if !IsInactive(user) {
		return user.TokenKey()
	}
	return strings.TrimPrefix(user.TokenKey(), inactiveKey)
}

// GuardTokenKey replaces the token key of a user who is deactivated, which ends every
// token and session at once, and of one who is activated again, so that no former
// token comes back. Call it before every update of a user.
func GuardTokenKey(user *core.Record) {
	switch before := user.Original(); {
	case IsInactive(user) == IsInactive(before):
	case IsInactive(user):
		user.SetTokenKey(inactiveKey + before.TokenKey())
	default:
		user.RefreshTokenKey()
	}
}
