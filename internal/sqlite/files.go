package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/dberror"
)

const (
	// filesInterval is the interval between checks of a running server's files.
	filesInterval = time.Second
	// settledAfter is for how long nothing has changed in a directory whose time of the last
	// change will not be that of another one, too: some file systems round it to 2 seconds.
	settledAfter = 3 * time.Second
	// filesKey is the app store key of the watch.
	filesKey = "carebaseFiles"
)

// watchedFiles are the database files and their write-ahead logs.
var watchedFiles = []string{mainFile, mainFile + "-wal", logFile, logFile + "-wal"}

// BindFiles makes a running server reject writes once its database files have been
// removed or replaced: SQLite would keep writing to unlinked files. Only a restart
// resolves that. It writes a line to notices.
func BindFiles(app core.App, notices io.Writer) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		watch, err := watchFiles(e.App.DataDir())
		if err != nil {
			return err
		}
		e.App.Store().Set(filesKey, watch)
		watch.running.Go(func() { watch.run(e.App, notices) })
		return e.Next()
	})
	app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
		if watch := watchOf(e.App); watch != nil {
			e.App.Store().Remove(filesKey)
			return errors.Join(watch.close(), e.Next())
		}
		return e.Next()
	})
	guard := &hook.Handler[*core.ModelEvent]{
		Priority: -100_000, // before any other hook of the write
		Func: func(e *core.ModelEvent) error {
			// PocketBase prints log entries that it cannot store, including the
			// personal data in them.
			if e.Model.TableName() == core.LogsTableName {
				return e.Next()
			}
			if err := FilesLost(e.App); err != nil {
				return err
			}
			return e.Next()
		},
	}
	app.OnModelCreate().Bind(guard)
	app.OnModelUpdate().Bind(guard)
	app.OnModelDelete().Bind(guard)
}

// FilesLost returns an error wrapping dberror.ErrUnavailable if the database files of
// a running server have been removed or replaced. It takes a few microseconds.
func FilesLost(app core.App) error {
	if watch := watchOf(app); watch != nil {
		return watch.check()
	}
	return nil
}

func watchOf(app core.App) *fileWatch {
	watch, _ := app.Store().Get(filesKey).(*fileWatch)
	return watch
}

// fileWatch watches the database files that a server has open.
type fileWatch struct {
	directory string
	// connections stay open so that SQLite does not remove the write-ahead logs when
	// the app's own connections are idle.
	connections []*dbx.DB
	stop        chan struct{}
	running     sync.WaitGroup

	mutex sync.Mutex
	known map[string]fs.FileInfo
	// settled is the directory as it was when the files were compared last, nil if it had
	// changed just before: a file in it is removed or replaced by a change of it.
	settled fs.FileInfo
	lost    error // permanent once set
}

func watchFiles(directory string) (*fileWatch, error) {
	watch := &fileWatch{directory: directory, stop: make(chan struct{}), known: map[string]fs.FileInfo{}}
	for _, name := range files {
		database, err := Connect(filepath.Join(directory, name))
		if err != nil {
			return nil, errors.Join(err, watch.close())
		}
		watch.connections = append(watch.connections, database)
		database.DB().SetMaxOpenConns(1)
		var tables int // the first read opens the files
		if err := database.NewQuery("SELECT count(*) FROM sqlite_schema").Row(&tables); err != nil {
			return nil, errors.Join(err, watch.close())
		}
	}
	return watch, watch.checkAll()
}

// close returns once nothing uses the app any more.
func (w *fileWatch) close() error {
	close(w.stop)
	w.running.Wait()
	var err error
	for _, database := range w.connections {
		err = errors.Join(err, database.Close())
	}
	return err
}

// check compares the files, unless nothing has changed in their directory: each write asks.
func (w *fileWatch) check() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.settled != nil && w.lost == nil {
		found, err := os.Stat(w.directory)
		if err == nil && os.SameFile(found, w.settled) && found.ModTime().Equal(w.settled.ModTime()) {
			return nil
		}
	}
	return w.compare()
}

// checkAll compares the files whatever their directory says: something else may be mounted
// in the place of one.
func (w *fileWatch) checkAll() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.compare()
}

// compare compares the files with those found first. A write-ahead log may appear later.
func (w *fileWatch) compare() error {
	w.settled = nil
	directory, err := os.Stat(w.directory)
	isSettled := err == nil && time.Since(directory.ModTime()) > settledAfter
	for _, name := range watchedFiles {
		if w.lost != nil {
			break
		}
		path := filepath.Join(w.directory, name)
		found, err := os.Stat(path)
		known := w.known[name]
		switch {
		case known == nil && err == nil:
			w.known[name] = found
		case known == nil:
		case errors.Is(err, fs.ErrNotExist):
			w.lost = fmt.Errorf("%w: %s was removed under the running server", dberror.ErrUnavailable, path)
		case err != nil:
			return fmt.Errorf("%w: %w", dberror.ErrUnavailable, err)
		case !os.SameFile(known, found):
			w.lost = fmt.Errorf("%w: %s was replaced under the running server", dberror.ErrUnavailable, path)
		}
	}
	if isSettled {
		w.settled = directory
	}
	return w.lost
}

// run checks the files until the watch is closed or they are lost. It then makes the
// app's write connection read-only, for statements that bypass the hooks.
func (w *fileWatch) run(app core.App, notices io.Writer) {
	for ticker := time.NewTicker(filesInterval); ; {
		select {
		case <-w.stop:
			ticker.Stop()
			return
		case <-ticker.C:
		}
		if err := w.checkAll(); err != nil {
			fmt.Fprintf(notices, "Writes are refused, because %v. Stop the server, put the file back or restore a backup, and start again.\n", err)
			refuseStatements(app, notices)
			ticker.Stop()
			return
		}
	}
}

func refuseStatements(app core.App, notices io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	if _, err := app.NonconcurrentDB().NewQuery("PRAGMA query_only = ON").WithContext(ctx).Execute(); err != nil {
		fmt.Fprintf(notices, "Failed to make the database read-only: %v\n", err)
	}
}
