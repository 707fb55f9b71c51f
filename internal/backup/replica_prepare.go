package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/superfly/ltx"

	"carebase/internal/sqlite"
)

// Litestream opens the database file itself. If it then failed and closed the file,
// POSIX would drop the locks that SQLite holds in this process, and the next process
// to end would remove the write-ahead log as abandoned. Everything that may fail
// therefore runs before Litestream opens the file.

// prepare creates Litestream's tables and starts a write-ahead log that has nothing of the
// one before, so that Litestream continues with a whole copy of the database. It cannot
// tell what it has not captured of a log that was begun anew before it opens it: what is
// left of the old one looks as if nothing had come after its last file.
func prepare(ctx context.Context, app core.App) error {
	if err := sqlite.Truncate(ctx, app); err != nil {
		return err
	}
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
		"CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)",
		"INSERT INTO _litestream_seq (id, seq) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1",
	} {
		if _, err := app.NonconcurrentDB().NewQuery(statement).WithContext(ctx).Execute(); err != nil {
			return err
		}
	}
	return nil
}

// hiddenClient lists no files while it is hidden, so that opening the database does
// not depend on the replica.
type hiddenClient struct {
	litestream.ReplicaClient
	hidden atomic.Bool
}

// LTXFiles implements litestream.ReplicaClient.
func (c *hiddenClient) LTXFiles(ctx context.Context, level int, seek ltx.TXID, useMetadata bool) (ltx.FileIterator, error) {
	if c.hidden.Load() {
		return ltx.NewFileInfoSliceIterator(nil), nil
	}
	return c.ReplicaClient.LTXFiles(ctx, level, seek, useMetadata)
}

// align makes Litestream's local files continue the replica. If they have another
// history, as after a restore, it discards them, and Litestream continues the replica
// with a whole copy of the database, after the last file of level 0.
func (r *replicaPlace) align(ctx context.Context, database *litestream.DB) error {
	last, err := litestream.NewReplicaWithClient(nil, r.client).MaxLTXFileInfo(ctx, 0)
	if err != nil {
		return err
	}
	if last.MaxTXID > 0 {
		continued, err := r.continued(ctx, database, last)
		if err != nil || continued {
			return err
		}
	}
	if err := errors.Join(r.removeAfter(ctx, last.MaxTXID), database.ResetLocalState(ctx)); err != nil {
		return err
	}
	local := database.LTXPath(0, last.MinTXID, last.MaxTXID)
	if err := os.MkdirAll(filepath.Dir(local), 0o700); err != nil || last.MaxTXID == 0 {
		return err
	}
	return r.fetch(ctx, last, local)
}

// removeAfter removes the copies of what comes after the last file of level 0: a copy is
// sent by itself, and may be there without that if the server was killed. What is sent
// next has the same numbers and another history, which a restore would mix with it.
func (r *replicaPlace) removeAfter(ctx context.Context, last ltx.TXID) error {
	for level := 1; level <= litestream.SnapshotLevel; level++ {
		isAfter := func(file *ltx.FileInfo) (bool, error) { return file.MaxTXID > last, nil }
		found, err := litestream.FindLTXFiles(ctx, r.client, level, false, isAfter)
		if err == nil && len(found) > 0 {
			err = r.client.DeleteLTXFiles(ctx, found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// continued reports whether the local files include the replica's last one, and all
// later ones without a gap.
func (r *replicaPlace) continued(ctx context.Context, database *litestream.DB, last ltx.FileInfo) (bool, error) {
	local := database.LTXPath(0, last.MinTXID, last.MaxTXID)
	ours, err := sumOf(func() (io.ReadCloser, error) { return os.Open(local) })
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	theirs, err := sumOf(func() (io.ReadCloser, error) {
		return r.client.OpenLTXFile(ctx, 0, last.MinTXID, last.MaxTXID, 0, 0)
	})
	if err != nil || !bytes.Equal(ours, theirs) {
		return false, err
	}
	_, end, err := database.MaxLTX()
	for next := last.MaxTXID + 1; err == nil && next <= end; next++ {
		if _, err := os.Stat(database.LTXPath(0, next, next)); err != nil {
			return false, nil
		}
	}
	return err == nil, err
}

func sumOf(open func() (io.ReadCloser, error)) ([]byte, error) {
	source, err := open()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, source)
	return sum.Sum(nil), errors.Join(err, source.Close())
}

// firstMigration is the migration that creates data.db.
const firstMigration = "1640988000_init.go"

// madeAt returns the time at which a database was created, which identifies it
// wherever it is restored.
func madeAt(ctx context.Context, app core.App) (time.Time, error) {
	var microseconds int64
	err := app.ConcurrentDB().Select("applied").From(core.DefaultMigrationsTable).Where(dbx.HashExp{"file": firstMigration}).WithContext(ctx).Row(&microseconds)
	if err != nil {
		return time.Time{}, fmt.Errorf("failed to read when the database was created: %w", err)
	}
	return time.UnixMicro(microseconds).UTC(), nil
}
