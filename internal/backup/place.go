package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"carebase/internal/config"
)

// WithApp opens the app on its data directory, which must exist, and runs the function.
// An app that is open stays open.
func WithApp(app core.App, settings config.Backup, run func() error) (err error) {
	if app.IsBootstrapped() {
		return run()
	}
	if !hasData(app) {
		return fmt.Errorf("there is no database in %s: it has no %s", app.DataDir(), dataFile)
	}
	if err := app.Bootstrap(); err != nil {
		return err
	}
	defer func() {
		event := &core.TerminateEvent{App: app}
		err = errors.Join(err, app.OnTerminate().Trigger(event, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() }))
	}()
	if err := ApplySettings(app, settings); err != nil {
		return err
	}
	return run()
}

// hasData reports whether there is a database. Data that a committed restore has yet
// to move in counts: opening the app completes the restore.
func hasData(app core.App) bool {
	if unfinished, err := UnfinishedRestore(app.DataDir()); err == nil && unfinished {
		return true
	}
	info, err := os.Stat(filepath.Join(app.DataDir(), dataFile))
	return err == nil && info.Mode().IsRegular()
}

// Create creates a backup and returns its place: the name among the app's backups, or
// the path if to is a file or directory. The place of an encrypted backup ends in .age.
func Create(ctx context.Context, app core.App, settings config.Backup, name, to string) (place string, err error) {
	if settings.Recipient != nil {
		name = strings.TrimSuffix(name, encryptedSuffix)
	}
	if name != filepath.Base(name) || !strings.HasSuffix(name, ".zip") {
		return "", fmt.Errorf("the name of a backup must end in .zip and contain no directory: %q", name)
	}
	if to == "" {
		return nameFor(name, settings.Recipient), app.CreateBackup(ctx, name)
	}
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, name)
	}
	to = nameFor(to, settings.Recipient)
	if _, err := os.Stat(to); err == nil {
		return "", fmt.Errorf("%s already exists", to)
	}
	if info, err := os.Stat(filepath.Dir(to)); err != nil || !info.IsDir() {
		return "", fmt.Errorf("there is no directory %s", filepath.Dir(to))
	}
	return to, app.CreateBackup(context.WithValue(ctx, targetKey{}, to), name)
}

// targetKey is the context key of the path to write a backup to.
type targetKey struct{}

// Entry is a stored backup; Size is in bytes.
type Entry struct {
	Name      string
	Size      int64
	CreatedAt time.Time
	Encrypted bool
}

// List returns the stored backups, newest first.
func List(ctx context.Context, app core.App, settings config.Backup) ([]Entry, error) {
	var entries []Entry
	err := withFiles(ctx, app, settings, func(files *filesystem.System) error {
		found, err := files.List("")
		for _, object := range found {
			entries = append(entries, Entry{Name: object.Key, Size: object.Size, CreatedAt: object.ModTime, Encrypted: strings.HasSuffix(object.Key, encryptedSuffix)})
		}
		return err
	})
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.Name, a.Name)) })
	return entries, err
}

// withFiles opens the storage of the backups: the configured one, which needs no
// data directory, or the one of the dashboard's settings.
func withFiles(ctx context.Context, app core.App, settings config.Backup, use func(*filesystem.System) error) error {
	if s3 := settings.S3; s3 != nil {
		return withBucket(ctx, s3, use)
	}
	return WithApp(app, settings, func() error {
		files, err := app.NewBackupsFilesystem()
		return useFiles(ctx, files, err, use)
	})
}

func withBucket(ctx context.Context, bucket *config.Bucket, use func(*filesystem.System) error) error {
	files, err := filesystem.NewS3(bucket.Name, bucket.Region, bucket.Endpoint, bucket.AccessKey, bucket.Secret, bucket.ForcePathStyle)
	return useFiles(ctx, files, err, use)
}

func useFiles(ctx context.Context, files *filesystem.System, err error, use func(*filesystem.System) error) error {
	if err != nil {
		return err
	}
	files.SetContext(ctx)
	return errors.Join(use(files), files.Close())
}

// WithArchive runs the function with an archive: a file, or a stored backup, which
// it downloads if it is not local.
func WithArchive(ctx context.Context, app core.App, settings config.Backup, name string, use func(archive string) error) error {
	for _, path := range []string{name, filepath.Join(app.DataDir(), core.LocalBackupsDirName, name)} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return use(path)
		}
	}
	if settings.S3 == nil && !hasData(app) {
		return fmt.Errorf("there is no file and no backup %q", name)
	}
	scratch, err := os.MkdirTemp("", "carebase-download-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	archive := filepath.Join(scratch, "archive.zip")
	err = withFiles(ctx, app, settings, func(files *filesystem.System) error { return download(files, name, archive) })
	if err != nil {
		return err
	}
	return use(archive)
}

func download(files *filesystem.System, name, target string) error {
	source, err := files.GetReader(name)
	if errors.Is(err, filesystem.ErrNotFound) {
		return fmt.Errorf("there is no file and no backup %q", name)
	}
	if err != nil {
		return fmt.Errorf("failed to read the backup %s: %w", name, err)
	}
	defer source.Close()
	return save(source, target)
}
