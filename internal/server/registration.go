package server

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
)

// refuseRegistration closes the documented endpoint, OPTIONS included, by which a
// client learns that nobody can register. Package hooks closes PocketBase's doors.
func refuseRegistration(e *core.RequestEvent) error {
	if endpoint.Path(e.Request) == "/api/auth/register" {
		return e.ForbiddenError("Registration is closed.", nil)
	}
	return e.Next()
}
