package routes

import (
	"io/fs"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/swaggest/swgui/v5emb"

	"carebase/internal/rest"
)

// docsDirectory is where the page of the reference has its files, in public and
// on the server.
const docsDirectory = "reference"

// bindDocs serves the page that shows the API's document: our own, around
// Swagger UI's script and style, which are in the module that embeds them.
func bindDocs(router *router.Router[*core.RequestEvent], public fs.FS, middlewares []*hook.Handler[*core.RequestEvent]) {
	page := func(e *core.RequestEvent) error { return e.FileFS(public, docsDirectory+"/index.html") }
	group := router.Group("/api/docs")
	group.Bind(middlewares...)
	group.GET("", page)
	group.GET("/{$}", page)
	group.Any("/{path...}", func(*core.RequestEvent) error { return rest.NotFound("") })

	swaggerUI := v5emb.New("", "", "/"+docsDirectory)
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css"} {
		router.GET("/"+docsDirectory+"/"+name, func(e *core.RequestEvent) error {
			swaggerUI.ServeHTTP(e.Response, e.Request)
			return nil
		})
	}
}
