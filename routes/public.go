package routes

import (
	"errors"
	"io/fs"
	"net/http"

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
// name, file by file.
type Overlay struct{ Upper, Lower fs.FS }

// Open opens the upper file, or the lower one where there is no upper.
func (o Overlay) Open(name string) (fs.File, error) {
	file, err := o.Upper.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.Lower.Open(name)
	}
	return file, err
}
