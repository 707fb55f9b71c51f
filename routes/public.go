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

// bindPublic serves the web console's files at the root. Its routes match every
// path and method that no other route does, so they also respond to unknown
// ones.
func bindPublic(root *router.Router[*core.RequestEvent], public fs.FS) {
	file := apis.Static(public, false)
	root.Any("/{path...}", func(e *core.RequestEvent) error {
		if e.Request.Method != http.MethodGet && e.Request.Method != http.MethodHead {
			return e.NotFoundError("", nil)
		}
		return file(e)
	})
	for _, path := range nativePaths {
		unknown := func(e *core.RequestEvent) error { return e.NotFoundError("", nil) }
		root.Any(path, unknown)
		root.Any(path+"/{path...}", unknown)
	}
}

// nativePaths are the paths below which PocketBase's own endpoints are. What does
// not exist there is not found in PocketBase's words.
var nativePaths = []string{
	"/api/backups", "/api/batch", "/api/collections", "/api/crons", "/api/files", "/api/health", "/api/logs",
	"/api/oauth2-redirect", "/api/realtime", "/api/settings", "/api/sql",
}

// Overlay is a file system in which a file of Upper replaces the file of the
// same name in Lower. It omits hidden files.
type Overlay struct{ Upper, Lower fs.FS }

// Open opens the file in Upper, or in Lower if Upper does not have it.
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

// wellKnown is the only dot directory that is served (RFC 8615).
const wellKnown = ".well-known"

// isHidden reports whether a path has a part that starts with a dot, such as
// .env and .git/config.
func isHidden(name string) bool {
	for i, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." && (i > 0 || part != wellKnown) {
			return true
		}
	}
	return false
}

// Directory is the path of an operating system directory, as a file system. The
// directory may be created later. Symbolic links that lead out of it are not
// followed.
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
