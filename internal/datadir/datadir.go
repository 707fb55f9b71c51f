// Package datadir restricts a data directory's file permissions to the user the
// program runs as, gives what root creates there the directory's owner, and writes files
// to the disk.
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

// others is the set of permission bits of everyone but a file's owner.
const others fs.FileMode = 0o077

// handler is the id of the hook that tightens permissions.
const handler = "carebaseTighten"

// Unbind leaves the permissions as they are when the app bootstraps.
func Unbind(app core.App) { app.OnBootstrap().Unbind(handler) }

// Bind tightens the permissions of the app's data directory, and of further
// directories, each time the app bootstraps, and gives what root owns in them, and in
// shared ones, their owners when the app ends: shared directories may have files of
// others. It writes one line to out if permissions changed and one for each failure;
// neither stops the app.
func Bind(app core.App, out io.Writer, further, shared []string) {
	directories := func() []string { return append([]string{app.DataDir()}, further...) }
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{
		Id:       handler,
		Priority: -1001, // before the databases are opened
		Func: func(e *core.BootstrapEvent) error {
			for _, directory := range directories() {
				Tighten(directory, out)
			}
			return e.Next()
		},
	})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
		Priority: -1001, // after the databases are closed
		Func: func(e *core.TerminateEvent) error {
			err := e.Next()
			for _, directory := range append(directories(), shared...) {
				if err := Inherit(directory, "."); err != nil {
					fmt.Fprintf(out, "The service may be unable to open its files: %v.\n", err)
				}
			}
			return err
		},
	})
}

// Tighten removes the permissions of everyone but the owner from a directory and its
// entries, and recurses into entries that others could reach. It follows symlinks among
// the direct entries, but none below. It writes to out like Bind.
func Tighten(directory string, out io.Writer) {
	if runtime.GOOS == "windows" { // Windows uses access control lists
		return
	}
	resolved, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return // not created yet
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
			continue // a dangling link, or removed in the meantime
		}
		if found.tighten(path) || open {
			found.walk(path)
		}
	}
	found.report(directory, out)
}

// CountOpen returns how many of a directory and the files and directories in it others
// than their owner have any permission for. Directories that are closed to them are
// not entered.
func CountOpen(directory string) (int, error) {
	if runtime.GOOS == "windows" {
		return 0, nil
	}
	resolved, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return 0, err
	}
	count := 0
	err = filepath.WalkDir(resolved, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed in the meantime
		}
		if err != nil {
			return err
		}
		open := info.Mode()&others != 0 && (info.IsDir() || info.Mode().IsRegular())
		if open {
			count++
		}
		if entry.IsDir() && !open && path != resolved {
			return filepath.SkipDir
		}
		return nil
	})
	return count, err
}

// tightening counts the tightened files and keeps the first error.
type tightening struct {
	changed, failed int
	failure         error
}

// walk tightens everything below a directory, excluding the directory itself.
func (t *tightening) walk(root string) {
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return filepath.SkipDir // unreadable, so owned by another user
		case err != nil, path == root:
			return nil
		case entry.Type().IsRegular(), entry.IsDir():
			t.tighten(path)
		}
		return nil
	})
}

// tighten reports whether others had any permission on the path, and removes it.
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
