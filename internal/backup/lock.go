package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/datadir"
)

// ErrInUse means that another process uses the data directory.
var ErrInUse = errors.New("is in use by another Carebase process: stop it first")

// errRestoring means that another process is replacing the data directory.
var errRestoring = errors.New("is being restored by another process")

// bindLock holds a shared lock on the data directory while the app is open: any
// number of processes may use it, but none during a restore. It completes a restore
// that a crash interrupted, and refuses a directory that has lost its database.
func bindLock(app core.App) *directoryLock {
	lock := &directoryLock{}
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{
		Priority: -1000, // before the databases are opened
		Func: func(e *core.BootstrapEvent) error {
			if lock.file == nil {
				taken, err := lockShared(e.App.DataDir())
				if err != nil {
					return err
				}
				lock.file = taken
			}
			if err := refuseRemains(context.Background(), e.App.DataDir()); err != nil {
				return err
			}
			return e.Next()
		},
	})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
		Priority: -1000, // the outermost, so that the lock is released last
		Func: func(e *core.TerminateEvent) error {
			err := e.Next()
			if lock.file != nil {
				err = errors.Join(err, lock.file.Close())
				lock.file = nil
			}
			return err
		},
	})
	return lock
}

// directoryLock is an app's lock on its data directory; the file is nil while the app
// is closed.
type directoryLock struct{ file *os.File }

// alone makes the lock exclusive, so that no other process opens the directory. It
// fails if one has it open already.
func (l *directoryLock) alone(directory string) error {
	if l.file == nil {
		return errors.New("the data directory is closed")
	}
	if err := tryLock(l.file, true); err != nil {
		return errors.Join(fmt.Errorf("%s %w", directory, ErrInUse), tryLock(l.file, false))
	}
	return nil
}

// refuseOthers returns an error if another process has the directory open.
func (l *directoryLock) refuseOthers(directory string) error {
	if err := l.alone(directory); err != nil {
		return err
	}
	return tryLock(l.file, false)
}

// lockShared takes the lock of a process that uses a data directory.
func lockShared(directory string) (*os.File, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	file, err := openLock(directory)
	if err != nil {
		return nil, err
	}
	if err := tryLock(file, false); err != nil {
		return nil, errors.Join(fmt.Errorf("%s %w", directory, errRestoring), file.Close())
	}
	unfinished, err := UnfinishedRestore(directory)
	if err == nil && unfinished {
		err = finishAlone(file, directory)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// finishAlone completes a restore under an exclusive lock.
func finishAlone(lock *os.File, directory string) error {
	if err := tryLock(lock, true); err != nil {
		return fmt.Errorf("%s %w", directory, errRestoring)
	}
	if err := finishRestore(directory); err != nil {
		return err
	}
	return tryLock(lock, false)
}

// lockAlone takes the exclusive lock of a restore.
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
	file, err := os.OpenFile(filepath.Join(directory, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := datadir.Inherit(directory, lockName); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
