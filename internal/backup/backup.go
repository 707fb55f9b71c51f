// Package backup creates, verifies and restores backups of a data directory, and
// replicates its database continuously. Backups do not block writers; a restore is
// all or nothing. The package handles SQLite only: PostgreSQL has tools of its own.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/config"
	"carebase/internal/datadir"
)

// Progress receives the progress of a stage, in bytes.
type Progress func(stage, subject string, done, total int64)

type progressKey struct{}

// WithProgress returns a context whose backups report their progress. A context,
// because PocketBase's hooks stand between the caller and the work.
func WithProgress(ctx context.Context, report Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

func progressOf(ctx context.Context) Progress {
	if report, ok := ctx.Value(progressKey{}).(Progress); ok {
		return report
	}
	return func(string, string, int64, int64) {}
}

// Bind replaces PocketBase's backups with those of this package, for the dashboard,
// the schedule and the command, and replicates the database if that is configured. It
// writes lines that warn of something at start to notices.
func Bind(app core.App, settings config.Backup, notices io.Writer) {
	bindDashboard(app, bindLock(app))
	bindServerLock(app, notices)
	bindReplica(app, settings.Replica)
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := ApplySettings(e.App, settings); err != nil {
			return err
		}
		if settings.Recipient != nil && settings.Replica != nil {
			fmt.Fprintln(notices, "BACKUP_RECIPIENT encrypts backups only: the replica in REPLICA_URL is not encrypted (docs/backups.md).")
		}
		return e.Next()
	})
	// Last, because it replaces PocketBase's own function.
	app.OnBackupCreate().Bind(&hook.Handler[*core.BackupEvent]{
		Func:     func(e *core.BackupEvent) error { return create(e, settings.Recipient) },
		Priority: 1000,
	})
}

// ApplySettings stores the configured schedule and location of backups in the app's
// settings. Unconfigured ones keep the dashboard's values.
func ApplySettings(app core.App, configured config.Backup) error {
	settings := app.Settings()
	before := settings.Backups
	if configured.Cron != "" {
		settings.Backups.Cron, settings.Backups.CronMaxKeep = configured.Cron, configured.Keep
	}
	if configured.S3 != nil {
		settings.Backups.S3 = core.S3Config{
			Enabled: true, Bucket: configured.S3.Name, Region: configured.S3.Region, Endpoint: configured.S3.Endpoint,
			AccessKey: configured.S3.AccessKey, Secret: configured.S3.Secret, ForcePathStyle: configured.S3.ForcePathStyle,
		}
	}
	if settings.Backups == before {
		return nil
	}
	return app.Save(settings)
}

// create is PocketBase's CreateBackup, without blocking writers. It encrypts the backup
// to the recipient, unless that is nil.
func create(e *core.BackupEvent, recipient age.Recipient) error {
	if e.Name == "" {
		e.Name = Name(time.Now())
	}
	target, elsewhere := e.Context.Value(targetKey{}).(string)
	if !elsewhere {
		e.Name = nameFor(e.Name, recipient)
		if err := refuseExisting(e); err != nil {
			return err
		}
		// Now too, so that the service can store its backups meanwhile.
		if err := inheritBackups(e.App); err != nil {
			return err
		}
	}
	scratch, err := newScratch(e.App.DataDir())
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if elsewhere {
		return createAt(e, scratch, target, recipient)
	}
	archive := filepath.Join(scratch, "archive.zip")
	if err := writeArchive(e.Context, e.App, e.Exclude, scratch, archive, recipient); err != nil {
		return err
	}
	if err := upload(e.Context, e.App, archive, e.Name); err != nil {
		return err
	}
	return inheritBackups(e.App)
}

// inheritBackups gives the service the backups' directory, which opening it creates, and
// what is in it.
func inheritBackups(app core.App) error {
	return datadir.Inherit(app.DataDir(), core.LocalBackupsDirName)
}

// refuseExisting returns an error if there is a backup of the event's name.
func refuseExisting(e *core.BackupEvent) error {
	files, err := e.App.NewBackupsFilesystem()
	if err != nil {
		return err
	}
	files.SetContext(e.Context)
	exists, err := files.Exists(e.Name)
	if err = errors.Join(err, files.Close()); err != nil {
		return fmt.Errorf("failed to reach the backups: %w", err)
	}
	if exists {
		return fmt.Errorf("the backup %s already exists", e.Name)
	}
	return nil
}

// createAt writes a backup to a file, which gets its name when it is complete.
func createAt(e *core.BackupEvent, scratch, target string, recipient age.Recipient) error {
	partial := target + ".partial"
	defer os.Remove(partial) // fails after the rename
	if err := writeArchive(e.Context, e.App, e.Exclude, scratch, partial, recipient); err != nil {
		return err
	}
	if err := os.Rename(partial, target); err != nil {
		return err
	}
	return flush(target)
}

// Name returns the default name of a backup created at a time.
func Name(at time.Time) string {
	return "carebase_backup_" + at.UTC().Format("20060102150405") + ".zip"
}

// upload stores an archive among the app's backups.
func upload(ctx context.Context, app core.App, archive, name string) error {
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
		return fmt.Errorf("failed to store the backup: %w", err)
	}
	if app.Settings().Backups.S3.Enabled {
		return nil
	}
	return flush(filepath.Join(app.DataDir(), core.LocalBackupsDirName, name))
}

// flush syncs a file and its directory, so that both survive a power cut.
func flush(path string) error {
	return errors.Join(datadir.Sync(path), datadir.Sync(filepath.Dir(path)))
}
