package routes

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
)

// bindPublic serves the web console's files at the root. The route takes every
// path and method that no other route has, so it answers for those too.
func bindPublic(router *router.Router[*core.RequestEvent], public fs.FS) {
	file := apis.Static(public, false)
	router.Any("/{path...}", func(e *core.RequestEvent) error {
		isRead := e.Request.Method == http.MethodGet || e.Request.Method == http.MethodHead
		if !isRead || strings.HasPrefix(e.Request.URL.Path, "/api/") {
			return e.NotFoundError("", nil)
		}
		return file(e)
	})
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
