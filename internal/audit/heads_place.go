package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/tools/filesystem"
	"golang.org/x/sync/errgroup"

	"carebase/internal/config"
)

const (
	// objectTimeout bounds the transfer of one object.
	objectTimeout = 30 * time.Second
	// readersAtOnce is how many objects are read at the same time.
	readersAtOnce = 8
	// objectTime begins the names of objects, which sort by time.
	objectTime = "20060102T150405.000Z"
)

// appendHeads writes noted heads to a place: as a line of a file, which is on the
// disk when it returns, or as an object of its own, because S3 cannot append.
func appendHeads(ctx context.Context, place *config.HeadsPlace, noted NotedHeads) error {
	line, err := json.Marshal(noted)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if place.S3 == nil {
		return appendLine(place.File, line)
	}
	name := path.Join(place.Path, fmt.Sprintf("%s-%08x.json", time.Now().UTC().Format(objectTime), rand.Uint32()))
	return withBucket(ctx, place.S3, func(files *filesystem.System) error { return files.Upload(line, name) })
}

// appendLine writes in one call, so that processes can share the file.
func appendLine(name string, line []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func withBucket(ctx context.Context, bucket *config.Bucket, use func(*filesystem.System) error) error {
	files, err := filesystem.NewS3(bucket.Name, bucket.Region, bucket.Endpoint, bucket.AccessKey, bucket.Secret, bucket.ForcePathStyle)
	if err != nil {
		return err
	}
	files.SetContext(ctx)
	return errors.Join(use(files), files.Close())
}

// ReadHeads returns all different heads that were noted in a place: a file with
// JSON lines of heads, among other lines or not; a JSON document; a directory of
// such files; or the objects below a path of a bucket.
func ReadHeads(ctx context.Context, place *config.HeadsPlace) ([]Head, error) {
	found := headSet{}
	var err error
	if place.S3 != nil {
		err = found.readBucket(ctx, place)
	} else {
		err = found.readPath(place.File)
	}
	return found.sorted(), err
}

func (s headSet) readPath(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return s.readFile(name, info)
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		// A link may point to a file.
		each := filepath.Join(name, entry.Name())
		info, err := os.Stat(each)
		if err == nil && info.Mode().IsRegular() {
			err = s.readFile(each, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readFile takes heads without a time as noted when the file was last written.
func (s headSet) readFile(name string, info os.FileInfo) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return s.read(file, info.ModTime())
}

func (s headSet) readBucket(ctx context.Context, place *config.HeadsPlace) error {
	var mutex sync.Mutex
	return withBucket(ctx, place.S3, func(files *filesystem.System) error {
		prefix := place.Path
		if prefix != "" {
			prefix += "/"
		}
		objects, err := files.List(prefix)
		if err != nil {
			return err
		}
		readers, ctx := errgroup.WithContext(ctx)
		readers.SetLimit(readersAtOnce)
		for _, object := range objects {
			readers.Go(func() error {
				content, err := readObject(ctx, place.S3, object.Key, maxHeadsLine)
				if err != nil {
					return fmt.Errorf("%s: %w", object.Key, err)
				}
				mutex.Lock()
				defer mutex.Unlock()
				return s.read(bytes.NewReader(content), object.ModTime)
			})
		}
		return readers.Wait()
	})
}

// readObject reads an object of at most some bytes.
func readObject(ctx context.Context, bucket *config.Bucket, key string, size int64) (content []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	err = withBucket(ctx, bucket, func(files *filesystem.System) error {
		reader, err := files.GetReader(key)
		if err != nil {
			return err
		}
		content, err = io.ReadAll(io.LimitReader(reader, size))
		return errors.Join(err, reader.Close())
	})
	return content, err
}
