package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
	"carebase/internal/endpoint"
)

// lockKey is the key of the lock on the data directory, in the app's store.
const lockKey = "carebaseDirectoryLock"

// restorerKey is the key of the agent that restores a backup, in the app's store.
const restorerKey = "carebaseRestorer"

// bindDashboard replaces the restore of PocketBase's endpoint.
func bindDashboard(app core.App, lock *directoryLock) {
	app.Store().Set(lockKey, lock)
	// Last, because it replaces PocketBase's own function.
	app.OnBackupRestore().Bind(&hook.Handler[*core.BackupEvent]{
		Func:     func(e *core.BackupEvent) error { return restoreAndRestart(e, lock) },
		Priority: 1000,
	})
}

// CheckArchives is the middleware that answers 400 to the upload, and to the
// restore, of an archive that does not pass Verify. It stands after the
// authentication and the body limit.
func CheckArchives(e *core.RequestEvent) error {
	lock, ok := e.App.Store().Get(lockKey).(*directoryLock)
	if !ok {
		return e.Next()
	}
	if !e.HasSuperuserAuth() {
		return e.Next()
	}
	var err error
	switch endpoint.Of(e.Request) {
	case "POST /api/backups/upload":
		files, _ := e.FindUploadedFiles("file") // PocketBase answers if there is none
		if len(files) > 0 {
			err = verifyUploaded(e, files[0])
		}
	case "POST /api/backups/{key}/restore":
		e.App.Store().Set(restorerKey, audit.AgentOf(e.Auth))
		if err = lock.refuseOthers(e.App.DataDir()); err == nil {
			err = verifyStored(e, e.Request.PathValue("key"))
		}
	}
	switch {
	case errors.Is(err, ErrEncrypted):
		return e.BadRequestError("The backup is encrypted: restore it with \"carebase backup restore --identity\".", nil)
	case err != nil:
		return e.BadRequestError("The backup was refused: "+strings.ReplaceAll(err.Error(), "\n", "; "), nil)
	}
	return e.Next()
}

func verifyUploaded(e *core.RequestEvent, uploaded *filesystem.File) error {
	return withScratch(e.App, func(scratch string) error {
		source, err := uploaded.Reader.Open()
		if err != nil {
			return err
		}
		defer source.Close()
		archive := filepath.Join(scratch, "archive.zip")
		if err := save(source, archive); err != nil {
			return err
		}
		return verifyBeside(e.Request.Context(), scratch, archive)
	})
}

func verifyStored(e *core.RequestEvent, name string) error {
	return withScratch(e.App, func(scratch string) error {
		archive, err := storedArchive(e.Request.Context(), e.App, name, scratch)
		if err != nil {
			return err
		}
		return verifyBeside(e.Request.Context(), scratch, archive)
	})
}

// verifyBeside verifies an archive in a directory of a scratch directory.
func verifyBeside(ctx context.Context, scratch, archive string) error {
	unpacked := filepath.Join(scratch, "unpacked")
	if err := os.Mkdir(unpacked, 0o700); err != nil {
		return err
	}
	_, err := verifyIn(ctx, unpacked, archive, nil)
	return err
}

// withScratch runs the function with a scratch directory.
func withScratch(app core.App, use func(scratch string) error) error {
	scratch, err := newScratch(app.DataDir())
	if err != nil {
		return err
	}
	return errors.Join(use(scratch), os.RemoveAll(scratch))
}

// storedArchive returns the path of a stored backup, which it downloads to the scratch
// directory unless it is a local file.
func storedArchive(ctx context.Context, app core.App, name, scratch string) (string, error) {
	if !app.Settings().Backups.S3.Enabled {
		return filepath.Join(app.DataDir(), core.LocalBackupsDirName, filepath.Base(name)), nil
	}
	archive := filepath.Join(scratch, "archive.zip")
	files, err := app.NewBackupsFilesystem()
	return archive, useFiles(ctx, files, err, func(files *filesystem.System) error { return download(files, name, archive) })
}

// restoreAndRestart restores a stored backup while the server runs. It stages and
// commits the restore, and restarts the process: requests that are under way end on the
// old data, and the new process completes the restore before it opens the databases.
func restoreAndRestart(e *core.BackupEvent, lock *directoryLock) error {
	if runtime.GOOS == "windows" {
		return errors.New("a running server cannot be restored on Windows: stop it and use \"carebase backup restore\"")
	}
	directory := e.App.DataDir()
	if err := lock.alone(directory); err != nil {
		return err
	}
	committed, err := stageStored(e, restoreEvent(e))
	if err != nil {
		return errors.Join(err, tryLock(lock.file, false))
	}
	if err := e.App.Restart(); err != nil {
		return errors.Join(fmt.Errorf("failed to restart the server; the backup was not restored: %w", err), os.RemoveAll(committed))
	}
	return nil
}

// restoreEvent returns the event of a restore of the running server.
func restoreEvent(e *core.BackupEvent) audit.Event {
	agent, _ := e.App.Store().Get(restorerKey).(audit.Agent)
	heads, err := audit.Heads(e.Context, e.App.ConcurrentDB())
	return audit.Event{Action: audit.Execute, Detail: "restore of backup " + e.Name + replacedTrail(heads, err), Agent: agent}
}

// stageStored stages and commits a stored backup.
func stageStored(e *core.BackupEvent, event audit.Event) (committed string, err error) {
	directory := e.App.DataDir()
	err = withScratch(e.App, func(scratch string) error {
		archive, err := storedArchive(e.Context, e.App, e.Name, scratch)
		if err != nil {
			return err
		}
		staged, err := stage(directory, func(staged string) error {
			manifest, err := extract(e.Context, archive, staged, nil)
			if err != nil {
				return err
			}
			trail, err := openRestored(e.Context, staged, manifest, &event)
			if err == nil {
				err = trail
			}
			return err
		})
		if err != nil {
			return err
		}
		committed, err = commit(directory, staged, "")
		return err
	})
	return committed, err
}

// save writes what it reads to a new file.
func save(source io.Reader, target string) error {
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Close())
}
