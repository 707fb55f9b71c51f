package audit

import (
	"context"

	"github.com/pocketbase/pocketbase/core"
)

// IsRequested reports whether a hook runs on behalf of a request, given the hook's
// context and app. Migrations, commands and the start of the server are not.
func IsRequested(ctx context.Context, app core.App) bool {
	trail := Of(app)
	return trail != nil && trail.requestOf(ctx, app) != nil
}
