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

// replicaPlace is a place with Litestream's files, and an owner file that names the
// database that they belong to.
type replicaPlace struct {
	name   string
	client litestream.ReplicaClient
	// directory is where the replica is, if it is in one.
	directory string
	// read and write access the owner file.
	read  func(ctx context.Context) ([]byte, error)
	write func(ctx context.Context, content []byte) error
}

// ownerName is the name of the owner file, which identifies a database by its time
// of creation.
const ownerName = "carebase-database"

// Why a replica must not be written to.
var (
	errOtherDatabase = errors.New("the replica belongs to another database")
	errOtherServer   = errors.New("another server replicates to it")
)

func newReplica(settings *config.Replica) *replicaPlace {
	if settings.S3 != nil {
		objects := &objectReplica{bucket: settings.S3, path: settings.Path}
		return &replicaPlace{
			name: "s3://" + settings.S3.Name + "/" + settings.Path, client: objects,
			read:  func(ctx context.Context) ([]byte, error) { return objects.readSmall(ctx, ownerName) },
			write: func(ctx context.Context, content []byte) error { return objects.writeSmall(ctx, ownerName, content) },
		}
	}
	owner := filepath.Join(settings.Directory, ownerName)
	return &replicaPlace{
		name: settings.Directory, directory: settings.Directory, client: file.NewReplicaClient(settings.Directory),
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

// ReadReplica returns an error if a replica cannot be read, or holds no database.
func ReadReplica(ctx context.Context, settings *config.Replica) error {
	replica := newReplica(settings)
	switch _, err := replica.read(ctx); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no replica", replica.name)
	case err != nil:
		return fmt.Errorf("%s cannot be read: %w", replica.name, err)
	}
	return nil
}

// belongsTo gives the replica's files the permissions of the database, and keeps files
// to send beside it.
func (r *replicaPlace) belongsTo(database *litestream.DB) {
	switch client := r.client.(type) {
	case *file.ReplicaClient:
		client.Replica = database.Replica
	case *objectReplica:
		client.waiting = database.MetaPath()
	}
}

// claim returns an error if the replica belongs to another database than the one
// created at the time. It marks an empty replica as that database's.
func (r *replicaPlace) claim(ctx context.Context, made time.Time) error {
	owner, err := r.read(ctx)
	if err == nil {
		of, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(owner)))
		if err == nil && of.Equal(made) {
			return nil
		}
		return fmt.Errorf("%w, created at %s; this one was created at %s: restore that one, or use another place", errOtherDatabase, strings.TrimSpace(string(owner)), made.Format(time.RFC3339Nano))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	empty, err := r.empty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w, or to another program: use another place", errOtherDatabase)
	}
	return r.write(ctx, []byte(made.Format(time.RFC3339Nano)+"\n"))
}

// hold keeps other servers from a directory until the returned file is closed: two that
// continue one replica make it useless, and a restored copy has the same owner. Buckets,
// and file systems without locks, keep nobody off.
func (r *replicaPlace) hold() (*os.File, error) {
	if r.directory == "" {
		return nil, nil
	}
	held, err := os.OpenFile(filepath.Join(r.directory, ownerName), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if isTaken(tryLock(held, true)) {
		return nil, errors.Join(fmt.Errorf("%w: give a copy of its database another place, or none", errOtherServer), held.Close())
	}
	return held, nil
}

// CheckNewReplica returns an error if a data directory without a database is to be
// replicated to a place that has the replica of another one, before a start creates
// the database. A place that cannot be reached does not stop a start.
func CheckNewReplica(ctx context.Context, directory string, settings *config.Replica) error {
	if settings == nil || RequireData(directory) == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	place := newReplica(settings)
	owner, err := place.read(ctx)
	if err == nil {
		return fmt.Errorf("%w, created at %s; there is none in %s yet: restore that one, or use another place", errOtherDatabase, strings.TrimSpace(string(owner)), directory)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if empty, err := place.empty(ctx); err == nil && !empty {
		return fmt.Errorf("%w, or to another program: use another place", errOtherDatabase)
	}
	return nil
}

// empty reports whether the replica has nothing to restore.
func (r *replicaPlace) empty(ctx context.Context) (bool, error) {
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

// fetch copies a file of the replica, completely or not at all.
func (r *replicaPlace) fetch(ctx context.Context, info ltx.FileInfo, target string) error {
	source, err := r.client.OpenLTXFile(ctx, info.Level, info.MinTXID, info.MaxTXID, 0, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	partial := target + ".tmp"
	output, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(output, source)
	if err == nil {
		err = output.Sync()
	}
	if err = errors.Join(err, output.Close()); err != nil {
		return err
	}
	return os.Rename(partial, target)
}
