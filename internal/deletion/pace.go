package deletion

import (
	"context"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/deadline"
	"carebase/internal/sqlite"
)

// pace is how the worker takes its time.
type pace struct {
	// piece is how many records a statement removes at most.
	piece int
	// least and most are how long after its begin a transaction may begin statements.
	least, most time.Duration
	// whole is how long a transaction should take with its commit, which may have to
	// wait for the disk whatever was written.
	whole time.Duration
}

var (
	// onSQLite is short, because everybody else who writes waits.
	onSQLite = pace{64, 10 * time.Millisecond, 40 * time.Millisecond, 60 * time.Millisecond}
	// onPostgreSQL is longer: nobody waits, and each statement is a round trip.
	onPostgreSQL = pace{32768, 200 * time.Millisecond, 400 * time.Millisecond, 600 * time.Millisecond}
)

// adapt returns how long the next transaction may begin statements, if one that had
// so much time took so long.
func (p pace) adapt(time, took time.Duration) time.Duration {
	if took > p.whole {
		return max(p.least, time/2)
	}
	return min(p.most, time+p.least)
}

const (
	// giveWayFor bounds how long the worker lets others write before it goes on, and
	// giveWayEvery is how often it looks whether they are done.
	giveWayFor   = 50 * time.Millisecond
	giveWayEvery = time.Millisecond
	// checkpointEvery is how often what was written is moved into the database: more
	// often, more pages are written twice.
	checkpointEvery = 250 * time.Millisecond
)

// giveWay lets those write who have waited meanwhile: who is next is left to chance
// otherwise. From time to time it moves what was written into the database.
func (d *Deletions) giveWay(ctx context.Context) error {
	if time.Since(d.checkpointed) > checkpointEvery {
		if err := sqlite.Checkpoint(ctx, d.app); err != nil {
			return err
		}
		d.checkpointed = time.Now()
	}
	writer, ok := d.app.NonconcurrentDB().(*dbx.DB)
	for end := time.Now().Add(giveWayFor); ok && writer.DB().Stats().InUse > 0 && time.Now().Before(end); {
		if err := deadline.Sleep(ctx, giveWayEvery); err != nil {
			return err
		}
	}
	return nil
}
