// Package backup makes snapshots of a data directory while it is being written
// to, proves that they restore, and restores them, all or nothing. It replicates
// the database continuously. It is about SQLite; a database in PostgreSQL is
// backed up with PostgreSQL's own tools.
package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/config"
)

// Progress hears how far a stage is, in bytes.
type Progress func(stage, subject string, done, total int64)

type progressKey struct{}

// WithProgress lets a backup that is made under the context report to the
// function, however many hooks there are in between.
func WithProgress(ctx context.Context, progress Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, progress)
}

func progressOf(ctx context.Context) Progress {
	if progress, ok := ctx.Value(progressKey{}).(Progress); ok {
		return progress
	}
	return func(string, string, int64, int64) {}
}

// Bind makes every backup of the app one of this package: those of the
// dashboard, of the schedule and of the command. It replicates the database if
// that is configured.
func Bind(app core.App, settings config.Backup) {
	bindLock(app)
	bindReplica(app, settings.Replica)
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := ApplySettings(e.App, settings); err != nil {
			return err
		}
		return e.Next()
	})
	// The last of the hooks, because it takes the place of what PocketBase does.
	app.OnBackupCreate().Bind(&hook.Handler[*core.BackupEvent]{Func: create, Priority: 1000})
	app.OnBackupRestore().BindFunc(func(e *core.BackupEvent) error {
		names, err := ownNames(e.App.DataDir())
		if err != nil {
			return err
		}
		e.Exclude = append(e.Exclude, names...)
		return e.Next()
	})
}

// ApplySettings gives the app the configured schedule and place of backups.
// What is not configured is left to the dashboard.
func ApplySettings(app core.App, configured config.Backup) error {
	settings := app.Settings()
	before := settings.Backups
	if configured.Cron != "" {
		settings.Backups.Cron, settings.Backups.CronMaxKeep = configured.Cron, configured.Keep
	}
	if configured.S3 != nil {
		settings.Backups.S3 = *configured.S3
	}
	if settings.Backups == before {
		return nil
	}
	return app.Save(settings)
}

// create is PocketBase's CreateBackup without the lock on writers.
func create(e *core.BackupEvent) error {
	if e.Name == "" {
		e.Name = Name(time.Now())
	}
	scratch, err := newScratch(e.App.DataDir())
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if target, ok := e.Context.Value(targetKey{}).(string); ok {
		return createAt(e, scratch, target)
	}
	archive := filepath.Join(scratch, "archive.zip")
	if err := writeArchive(e.Context, e.App, e.Exclude, scratch, archive); err != nil {
		return err
	}
	return store(e.Context, e.App, archive, e.Name)
}

// createAt makes a backup in a file, which has its name when it is whole.
func createAt(e *core.BackupEvent, scratch, target string) error {
	partial := target + ".partial"
	defer os.Remove(partial) // unless it was renamed
	if err := writeArchive(e.Context, e.App, e.Exclude, scratch, partial); err != nil {
		return err
	}
	if err := os.Rename(partial, target); err != nil {
		return err
	}
	return flush(target)
}

// Name is that of a backup that somebody asked for at the time.
func Name(at time.Time) string {
	return "carebase_backup_" + at.UTC().Format("20060102150405") + ".zip"
}

// store puts an archive where the app keeps its backups.
func store(ctx context.Context, app core.App, archive, name string) error {
	files, err := app.NewBackupsFilesystem()
	if err != nil {
		return err
	}
	defer files.Close()
	files.SetContext(ctx)
	file, err := filesystem.NewFileFromPath(archive)
	if err != nil {
		return err
	}
	file.Name, file.OriginalName = name, name
	if err := files.UploadFile(file, name); err != nil {
		return fmt.Errorf("the backup cannot be stored: %w", err)
	}
	if app.Settings().Backups.S3.Enabled {
		return nil
	}
	return flush(filepath.Join(app.DataDir(), core.LocalBackupsDirName, name))
}

// flush makes sure that a file, and its name, survive a power cut.
func flush(path string) error {
	return errors.Join(flushOne(path), flushOne(filepath.Dir(path)))
}

func flushOne(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
