package backup

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
)

// bindServerLock warns of another server on the same data directory. Both work, but
// each knows only its own realtime subscriptions and rate limits.
func bindServerLock(app core.App, notices io.Writer) {
	var lock *os.File
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		file, alone, err := lockServer(e.App.DataDir())
		if err != nil {
			return err
		}
		lock = file
		if !alone {
			fmt.Fprintf(notices, "Another Carebase server is running on %s. Several servers should share a PostgreSQL database instead.\n", e.App.DataDir())
		}
		return e.Next()
	})
	app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
		if lock != nil {
			_ = lock.Close() // which cannot fail in a way that matters
			lock = nil
		}
		return e.Next()
	})
}

// lockServer takes the shared lock that every server on a data directory holds, and
// reports whether no other server held it.
func lockServer(directory string) (file *os.File, alone bool, err error) {
	file, err = os.OpenFile(filepath.Join(directory, serverLockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	alone = tryLock(file, true) == nil
	// It fails only while another server tries for the exclusive lock, which then
	// warns of this one.
	_ = tryLock(file, false)
	return file, alone, nil
}
