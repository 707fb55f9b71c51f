package routes

import (
	"io/fs"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/swaggest/swgui/v5emb"

	"carebase/internal/rest"
)

// docsDirectory is the directory of the reference page's assets, both in public
// and in URLs.
const docsDirectory = "reference"

// bindDocs serves the API reference: our own page around Swagger UI's script
// and stylesheet, which package v5emb embeds.
func bindDocs(root *router.Router[*core.RequestEvent], public fs.FS, surround func(*router.RouterGroup[*core.RequestEvent])) {
	page := func(e *core.RequestEvent) error { return e.FileFS(public, docsDirectory+"/index.html") }
	group := root.Group("/api/docs")
	surround(group)
	group.GET("", page)
	group.GET("/{$}", page)
	group.Any("/{path...}", func(*core.RequestEvent) error { return rest.NotFound("") })

	swaggerUI := v5emb.New("", "", "/"+docsDirectory)
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css"} {
		root.GET("/"+docsDirectory+"/"+name, func(e *core.RequestEvent) error {
			swaggerUI.ServeHTTP(e.Response, e.Request)
			return nil
		})
	}
}
