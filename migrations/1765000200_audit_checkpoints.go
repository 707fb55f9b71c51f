package migrations

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"

	pocketbase "github.com/pocketbase/pocketbase/migrations"

	"carebase/internal/audit"
)

func init() {
	// Nothing to undo: what was recorded stays.
	pocketbase.Register(adoptCheckpoints, nil)
}

// adoptTimeout bounds looking at the chains, of which there are thousands at most.
const adoptTimeout = time.Minute

// adoptCheckpoints records the checkpoints of a database whose events were pruned
// by a release that did not record that.
func adoptCheckpoints(app core.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), adoptTimeout)
	defer cancel()
	return audit.AdoptCheckpoints(ctx, app)
}
