package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/filesystem/blob"
	"github.com/superfly/ltx"

	"carebase/internal/config"
)

// objectReplica stores a replica in a bucket, in the layout of Litestream's own
// client, but with the S3 client that PocketBase has anyway. It implements
// litestream.ReplicaClient.
type objectReplica struct {
	bucket *config.Bucket
	path   string
	// waiting is the directory of files to send. Litestream removes those that a
	// killed process left.
	waiting string
	// at is the time to restore, zero for the last. Only files from about that time
	// need an exact date.
	at time.Time
}

// Type implements litestream.ReplicaClient.
func (o *objectReplica) Type() string { return "s3" }

// Init implements litestream.ReplicaClient.
func (o *objectReplica) Init(context.Context) error { return nil }

// SetLogger implements litestream.ReplicaClient.
func (o *objectReplica) SetLogger(*slog.Logger) {}

func (o *objectReplica) level(level int) string { return fmt.Sprintf("%s/%04x/", o.path, level) }

func (o *objectReplica) key(level int, first, last ltx.TXID) string {
	return o.level(level) + ltx.FormatFilename(first, last)
}

// with runs the function with the bucket.
func (o *objectReplica) with(ctx context.Context, use func(*filesystem.System) error) error {
	return withBucket(ctx, o.bucket, use)
}

// LTXFiles implements litestream.ReplicaClient.
func (o *objectReplica) LTXFiles(ctx context.Context, level int, seek ltx.TXID, exactly bool) (ltx.FileIterator, error) {
	var infos []*ltx.FileInfo
	err := o.with(ctx, func(files *filesystem.System) error {
		found, err := files.List(o.level(level))
		infos = infosOf(found, level, seek)
		return err
	})
	if err == nil && exactly && !o.at.IsZero() {
		err = o.dateExactly(ctx, infos)
	}
	return ltx.NewFileInfoSliceIterator(infos), err
}

func infosOf(found []*blob.ListObject, level int, seek ltx.TXID) []*ltx.FileInfo {
	var infos []*ltx.FileInfo
	for _, object := range found {
		first, last, err := ltx.ParseFilename(path.Base(object.Key))
		if err == nil && first >= seek {
			infos = append(infos, &ltx.FileInfo{Level: level, MinTXID: first, MaxTXID: last, Size: object.Size, CreatedAt: object.ModTime.UTC()})
		}
	}
	return infos
}

// dateExactly replaces the files' upload times by the times at which they were
// written, up to the first file that was written after the time to restore.
func (o *objectReplica) dateExactly(ctx context.Context, infos []*ltx.FileInfo) error {
	slices.SortFunc(infos, func(a, b *ltx.FileInfo) int { return int(int64(a.MinTXID) - int64(b.MinTXID)) })
	for _, info := range infos {
		if info.CreatedAt.Before(o.at) {
			continue
		}
		source, err := o.OpenLTXFile(ctx, info.Level, info.MinTXID, info.MaxTXID, 0, ltx.HeaderSize)
		if err != nil {
			return err
		}
		header, _, err := ltx.PeekHeader(source)
		if err = errors.Join(err, source.Close()); err != nil {
			return err
		}
		info.CreatedAt = time.UnixMilli(header.Timestamp).UTC()
		if info.CreatedAt.After(o.at) {
			return nil
		}
	}
	return nil
}

// OpenLTXFile implements litestream.ReplicaClient.
func (o *objectReplica) OpenLTXFile(ctx context.Context, level int, first, last ltx.TXID, offset, size int64) (io.ReadCloser, error) {
	return o.open(ctx, o.key(level, first, last), offset, size)
}

// section reads part of an object and closes all of it.
type section struct {
	io.Reader
	io.Closer
}

func (o *objectReplica) open(ctx context.Context, key string, offset, size int64) (io.ReadCloser, error) {
	var reader *blob.Reader
	err := o.with(ctx, func(files *filesystem.System) (err error) {
		reader, err = files.GetReader(key)
		return err
	})
	if errors.Is(err, filesystem.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, reader, offset); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if size > 0 {
		return section{Reader: io.LimitReader(reader, size), Closer: reader}, nil
	}
	return reader, nil
}

// WriteLTXFile implements litestream.ReplicaClient. It uploads from a temporary file,
// because the data can be as large as the database.
func (o *objectReplica) WriteLTXFile(ctx context.Context, level int, first, last ltx.TXID, source io.Reader) (*ltx.FileInfo, error) {
	header, source, err := ltx.PeekHeader(source)
	if err != nil {
		return nil, err
	}
	waiting, err := os.CreateTemp(o.waiting, "sending-*.tmp")
	if err != nil {
		return nil, err
	}
	defer os.Remove(waiting.Name())
	size, err := io.Copy(waiting, source)
	if err = errors.Join(err, waiting.Close()); err != nil {
		return nil, err
	}
	err = o.with(ctx, func(files *filesystem.System) error {
		file, err := filesystem.NewFileFromPath(waiting.Name())
		if err != nil {
			return err
		}
		return files.UploadFile(file, o.key(level, first, last))
	})
	return &ltx.FileInfo{Level: level, MinTXID: first, MaxTXID: last, Size: size, CreatedAt: time.UnixMilli(header.Timestamp).UTC()}, err
}

// DeleteLTXFiles implements litestream.ReplicaClient.
func (o *objectReplica) DeleteLTXFiles(ctx context.Context, infos []*ltx.FileInfo) error {
	return o.with(ctx, func(files *filesystem.System) error {
		for _, info := range infos {
			if err := files.Delete(o.key(info.Level, info.MinTXID, info.MaxTXID)); err != nil && !errors.Is(err, filesystem.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// DeleteAll implements litestream.ReplicaClient.
func (o *objectReplica) DeleteAll(ctx context.Context) error {
	return o.with(ctx, func(files *filesystem.System) error { return errors.Join(files.DeletePrefix(o.path + "/")...) })
}

// readSmall reads a small object.
func (o *objectReplica) readSmall(ctx context.Context, name string) ([]byte, error) {
	source, err := o.open(ctx, path.Join(o.path, name), 0, 0)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(source)
	return content, errors.Join(err, source.Close())
}

// writeSmall writes a small object.
func (o *objectReplica) writeSmall(ctx context.Context, name string, content []byte) error {
	return o.with(ctx, func(files *filesystem.System) error {
		return files.Upload(bytes.Clone(content), path.Join(o.path, name))
	})
}

var _ litestream.ReplicaClient = (*objectReplica)(nil)
