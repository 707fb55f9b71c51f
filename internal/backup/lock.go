package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// ErrInUse is that another process works on a data directory.
var ErrInUse = errors.New("is in use by another Carebase process: stop it first")

// errRestoring is that a data directory is being replaced.
var errRestoring = errors.New("is being restored by another process")

// bindLock lets any number of processes work on a data directory, but none while
// it is replaced. A process that starts first completes what a crash has left of
// a restore.
func bindLock(app core.App) {
	var lock *os.File
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{
		Priority: -1000, // before the databases are opened
		Func: func(e *core.BootstrapEvent) error {
			if lock == nil {
				taken, err := lockShared(e.App.DataDir())
				if err != nil {
					return err
				}
				lock = taken
			}
			return e.Next()
		},
	})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
		Priority: -1000, // around all others, so that it is released last
		Func: func(e *core.TerminateEvent) error {
			err := e.Next()
			if lock != nil {
				err = errors.Join(err, lock.Close())
				lock = nil
			}
			return err
		},
	})
}

// lockShared is held by each process that works on a data directory.
func lockShared(directory string) (*os.File, error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	file, err := openLock(directory)
	if err != nil {
		return nil, err
	}
	if err := tryLock(file, false); err != nil {
		return nil, errors.Join(fmt.Errorf("%s %w", directory, errRestoring), file.Close())
	}
	unfinished, err := unfinishedRestore(directory)
	if err == nil && unfinished {
		err = finishAlone(file, directory)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// finishAlone completes a restore with the lock for itself.
func finishAlone(lock *os.File, directory string) error {
	if err := tryLock(lock, true); err != nil {
		return fmt.Errorf("%s %w", directory, errRestoring)
	}
	if err := finishRestore(directory); err != nil {
		return err
	}
	return tryLock(lock, false)
}

// lockAlone is held while a data directory is replaced.
func lockAlone(directory string) (unlock func(), err error) {
	file, err := openLock(directory)
	if err != nil {
		return nil, err
	}
	if err := tryLock(file, true); err != nil {
		return nil, errors.Join(fmt.Errorf("%s %w", directory, ErrInUse), file.Close())
	}
	return func() { _ = file.Close() }, nil
}

func openLock(directory string) (*os.File, error) {
	return os.OpenFile(filepath.Join(directory, lockName), os.O_RDWR|os.O_CREATE, 0o600)
}
