package routes

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
)

// bindPublic serves the web console's files at the root. The routes take every
// path and method that no other route has, so they answer for those too.
func bindPublic(router *router.Router[*core.RequestEvent], public fs.FS) {
	file := apis.Static(public, false)
	router.Any("/{path...}", func(e *core.RequestEvent) error {
		if e.Request.Method != http.MethodGet && e.Request.Method != http.MethodHead {
			return e.NotFoundError("", nil)
		}
		return file(e)
	})
	router.Any("/api/{path...}", func(e *core.RequestEvent) error { return e.NotFoundError("", nil) })
}

// Overlay is a file system whose Upper files hide the Lower ones of the same
// name, file by file. It has no hidden files.
type Overlay struct{ Upper, Lower fs.FS }

// Open opens the upper file, or the lower one where there is no upper.
func (o Overlay) Open(name string) (fs.File, error) {
	if isHidden(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	file, err := o.Upper.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.Lower.Open(name)
	}
	return file, err
}

// wellKnown is the one directory with a dot that is meant to be served (RFC 8615).
const wellKnown = ".well-known"

// isHidden recognizes dot files, such as .env and .git/config.
func isHidden(name string) bool {
	for i, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." && (i > 0 || part != wellKnown) {
			return true
		}
	}
	return false
}

// Directory is the name of a directory of the operating system as a file system.
// It may come to be later. Links that lead out of it are not followed.
type Directory string

// Open implements fs.FS.
func (d Directory) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return file, root.Close()
}
