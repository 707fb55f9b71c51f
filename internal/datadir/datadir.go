// Package datadir keeps the files of a data directory to the user that the program
// runs as.
package datadir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// others are the permissions of everybody but a file's owner.
const others fs.FileMode = 0o077

// Bind tightens the permissions of the app's data directory, and of further
// directories, whenever the app opens it. It writes a line to out if it changed any,
// and one if it could not; neither stops the app.
func Bind(app core.App, out io.Writer, further ...string) {
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{
		Id:       "carebaseTighten",
		Priority: -1001, // before the databases are opened
		Func: func(e *core.BootstrapEvent) error {
			for _, directory := range append([]string{e.App.DataDir()}, further...) {
				Tighten(directory, out)
			}
			return e.Next()
		},
	})
}

// Tighten takes the permissions of everybody but their owners from a directory and
// what is in it: from everything if others could enter the directory, otherwise from
// the directories and files directly in it. It follows links in the directory itself,
// but no deeper ones. It writes to out as Bind says.
func Tighten(directory string, out io.Writer) {
	if runtime.GOOS == "windows" { // permissions are access control lists there
		return
	}
	resolved, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return // it is yet to be created
	}
	var found tightening
	open := found.tighten(resolved)
	entries, err := os.ReadDir(resolved)
	if err != nil {
		found.fail(resolved, err)
	}
	for _, entry := range entries {
		path, err := filepath.EvalSymlinks(filepath.Join(resolved, entry.Name()))
		if err != nil {
			continue // a link to nothing, or removed meanwhile
		}
		if found.tighten(path) || open {
			found.walk(path)
		}
	}
	found.report(directory, out)
}

// tightening counts what was tightened, and keeps the first failure.
type tightening struct {
	changed, failed int
	failure         error
}

// walk tightens everything below a directory, but not the directory itself.
func (t *tightening) walk(root string) {
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return filepath.SkipDir // unreadable, so somebody else's
		case err != nil, path == root:
			return nil
		case entry.Type().IsRegular(), entry.IsDir():
			t.tighten(path)
		}
		return nil
	})
}

// tighten reports whether others had any permission for the file or directory.
func (t *tightening) tighten(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&others == 0 || !info.IsDir() && !info.Mode().IsRegular() {
		return false
	}
	if err := os.Chmod(path, info.Mode()&^others); err != nil {
		t.fail(path, err)
	} else {
		t.changed++
	}
	return true
}

func (t *tightening) fail(path string, err error) {
	t.failed++
	if t.failure == nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		t.failure = fmt.Errorf("%s: %w", path, err)
	}
}

func (t *tightening) report(directory string, out io.Writer) {
	if t.changed > 0 {
		fmt.Fprintf(out, "Other users had access to %s: tightened the permissions of %d files and directories in it.\n", directory, t.changed)
	}
	if t.failed > 0 {
		fmt.Fprintf(out, "Other users may have access to %s: failed to tighten the permissions of %d files and directories (%v).\n", directory, t.failed, t.failure)
	}
}
