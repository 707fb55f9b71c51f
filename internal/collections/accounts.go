package collections

// users are the accounts. An account is its user's own; anybody may register.
var users = &Collection{
	Name:  Users,
	rules: &Rules{List: self, View: self, Create: rule(``), Update: self, Delete: self},
}

var self = rule(`id = @request.auth.id`)

// The records about tokens and sign-ins, and the audit trail's view, are for
// superusers.
var (
	blacklistedTokens = &Collection{Name: BlacklistedTokens, Unrecorded: true}
	sessions          = &Collection{Name: Sessions, Unrecorded: true}
	auditEvents       = &Collection{Name: AuditEvents, Unrecorded: true}
	loginAttempts     = &Collection{Name: LoginAttempts}
	idempotencyKeys   = &Collection{Name: IdempotencyKeys, Unrecorded: true}
)
