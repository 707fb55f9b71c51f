package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/benbjohnson/litestream/file"
	"github.com/superfly/ltx"

	"carebase/internal/config"
)

// replica is a place with what Litestream keeps in it, and a file that says which
// database that is of.
type replica struct {
	name   string
	client litestream.ReplicaClient
	// read and write are about that file.
	read  func(ctx context.Context) ([]byte, error)
	write func(ctx context.Context, content []byte) error
}

// ownerName is the file that says which database a replica is of, by the moment
// at which it was made.
const ownerName = "carebase-database"

// errOtherDatabase is that a replica must not be written to.
var errOtherDatabase = errors.New("the replica is of another database")

func newReplica(settings *config.Replica) *replica {
	if settings.S3 != nil {
		objects := &objects{bucket: settings.S3, path: settings.Path}
		return &replica{
			name: "s3://" + settings.S3.Bucket + "/" + settings.Path, client: objects,
			read:  func(ctx context.Context) ([]byte, error) { return objects.readSmall(ctx, ownerName) },
			write: func(ctx context.Context, content []byte) error { return objects.writeSmall(ctx, ownerName, content) },
		}
	}
	owner := filepath.Join(settings.Directory, ownerName)
	return &replica{
		name: settings.Directory, client: file.NewReplicaClient(settings.Directory),
		read: func(context.Context) ([]byte, error) { return os.ReadFile(owner) },
		write: func(_ context.Context, content []byte) error {
			if err := os.MkdirAll(settings.Directory, 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(owner, content, 0o600); err != nil {
				return err
			}
			return flush(owner)
		},
	}
}

// belongsTo has files get the permissions that the database has, and wait to be
// sent where the database is.
func (r *replica) belongsTo(database *litestream.DB) {
	switch client := r.client.(type) {
	case *file.ReplicaClient:
		client.Replica = database.Replica
	case *objects:
		client.waiting = database.MetaPath()
	}
}

// claim makes sure that the replica is of the database that was made at the time,
// or marks an empty one as such.
func (r *replica) claim(ctx context.Context, made time.Time) error {
	owner, err := r.read(ctx)
	if err == nil {
		of, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(owner)))
		if err == nil && of.Equal(made) {
			return nil
		}
		return fmt.Errorf("%w, made at %s, and this one was made at %s: restore that one, or name a place of its own", errOtherDatabase, strings.TrimSpace(string(owner)), made.Format(time.RFC3339Nano))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	empty, err := r.empty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w, or of another program: name a place of its own", errOtherDatabase)
	}
	return r.write(ctx, []byte(made.Format(time.RFC3339Nano)+"\n"))
}

// empty reports whether there is nothing to restore.
func (r *replica) empty(ctx context.Context) (bool, error) {
	for level := range litestream.SnapshotLevel + 1 {
		files, err := r.client.LTXFiles(ctx, level, 0, false)
		if err != nil {
			return false, err
		}
		some := files.Next()
		if err := files.Close(); err != nil || some {
			return false, err
		}
	}
	return true, nil
}

// fetch copies a file of the replica, whole or not at all.
func (r *replica) fetch(ctx context.Context, info ltx.FileInfo, target string) error {
	source, err := r.client.OpenLTXFile(ctx, info.Level, info.MinTXID, info.MaxTXID, 0, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	partial := target + ".tmp"
	file, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(partial, target)
}
