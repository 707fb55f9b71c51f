package cluster

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// changeWindow is how long after a change of collections a request may fail because it
// began before: as long as it may wait for a lock, and some time.
const changeWindow = 15 * time.Second

// isSchemaChanging reports whether collections were changed just now, or are others
// than this process knows.
func (c *Cluster) isSchemaChanging(ctx context.Context) bool {
	if !c.isRunning() {
		return false
	}
	if told := c.toldOfSchema.Load(); told != nil && time.Since(*told) < changeWindow {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	stored := map[string]string{}
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		clear(stored)
		rows, err := connection.Query(ctx, "SELECT id, updated FROM data._collections")
		if err != nil {
			return err
		}
		var id, updated string
		_, err = pgx.ForEachRow(rows, []any{&id, &updated}, func() error {
			stored[id] = updated
			return nil
		})
		return err
	})
	return err == nil && c.differs(stored)
}

// differs reports whether the stored collections, times of change by id, are younger
// than changeWindow or not those that the process knows.
func (c *Cluster) differs(stored map[string]string) bool {
	known, _ := c.app.Store().Get(core.StoreKeyCachedCollections).([]*core.Collection)
	if len(known) != len(stored) {
		return true
	}
	for _, collection := range known {
		updated, err := types.ParseDateTime(stored[collection.Id])
		if err != nil || updated.String() != collection.Updated.String() || time.Since(updated.Time()) < changeWindow {
			return true
		}
	}
	return false
}
