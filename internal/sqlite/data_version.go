package sqlite

import (
	"context"

	"github.com/pocketbase/dbx"
)

// DataVersion returns a number that is another one once anybody has written to the database
// but through this pool, through which the process writes: a command, or another server. It
// waits for the writer's turn. isKnown is false for a pool of another engine.
func DataVersion(ctx context.Context, writer dbx.Builder) (version int64, isKnown bool, err error) {
	if _, own := connectorOf(writer); own == nil {
		return 0, false, nil
	}
	err = writer.NewQuery("PRAGMA data_version").WithContext(ctx).Row(&version)
	return version, err == nil, err
}
