package collections

// users are the accounts. Users access only their own; anybody may register.
var users = &Collection{
	Name:  Users,
	Extra: []string{"password", "tokenKey", "email", "emailVisibility", "verified", "name", "created", "updated", "django_password", "inactive"},
	rules: &Rules{List: self, View: self, Create: rule(``), Update: self, Delete: self},
}

var self = rule(`id = @request.auth.id`)

// Sessions, tokens, login attempts, idempotency keys and the view of the audit
// trail are accessible to superusers only.
var (
	blacklistedTokens = &Collection{Name: BlacklistedTokens, Unrecorded: true, Extra: []string{"jti", "user", "expires_at", "successor", "rotated_at", CreatedAt}}
	sessions          = &Collection{Name: Sessions, Unrecorded: true, Extra: []string{"user", "jti", "last_used_at", "expires_at", "address", "user_agent", CreatedAt}}
	auditEvents       = &Collection{Name: AuditEvents, Unrecorded: true, Extra: []string{
		"recorded_at", "who", "what", "action", "outcome", "agent_type", "agent", "door", "collection", "records", "patient", "fields", "detail",
		"address", "token", "request_id", "chain", "seq", "impersonator", "hash",
	}}
	loginAttempts   = &Collection{Name: LoginAttempts, Extra: []string{"account", "origin", "failures", "last_failure_at", "last_success_at"}}
	idempotencyKeys = &Collection{Name: IdempotencyKeys, Unrecorded: true, Extra: []string{"user", "body", "status", "record", CreatedAt}}
)
