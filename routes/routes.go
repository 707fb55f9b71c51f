// Package routes is the documented REST API: the table of its endpoints and a
// file per resource. It also serves the web console's files and says at start
// where everything is.
package routes

import (
	"io/fs"
	"net/http"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// Bind registers the documented API and the console's files from public. It is
// called once, before the app starts.
func Bind(app core.App, config *config.Config, public fs.FS) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		answerOptions(e.Router)
		for prefix, endpoints := range table(config) {
			linkViews(prefix, endpoints)
			bindPrefix(e.Router, prefix, endpoints)
		}
		bindDocs(e.Router, public)
		bindPublic(e.Router, public)
		return e.Next()
	})
}

// endpoints are the views of one prefix by the rest of their path, without its
// trailing slash.
type endpoints map[string]*rest.View

// table is every endpoint of the documented API.
func table(config *config.Config) map[string]endpoints {
	patients, doctors, mappings := patients(), doctors(config.DoctorsScope), mappings(config.DoctorsScope)
	tokens := tokens{
		lifetimes: simplejwt.Lifetimes{Access: config.AccessTokenLifetime, Refresh: config.RefreshTokenLifetime},
		rotation:  simplejwt.Rotation{Rotate: config.RotateRefreshTokens, Blacklist: config.BlacklistAfterRotation},
	}
	table := map[string]endpoints{
		"/api/auth": {
			"/register":      register(),
			"/login":         tokens.obtain(),
			"/token/refresh": tokens.refresh(),
			"/logout":        tokens.blacklist(),
			"/logout/all":    endAllSessions(),
			"/sessions":      listSessions(),
			"/sessions/{id}": endSession(),
		},
		"/api/token": {
			"":           tokens.obtain(),
			"/refresh":   tokens.refresh(),
			"/verify":    tokens.verify(),
			"/blacklist": tokens.blacklist(),
		},
		"/api/patients": {
			"":              patients.listView(),
			"/{id}":         patients.detailView(),
			"/{id}/history": history(),
		},
		"/api/doctors": {
			"":      doctors.listView(),
			"/{id}": doctors.detailView(),
		},
		"/api/mappings": {
			"":              mappings.listView(),
			"/{patient_id}": mappings.ofPatientView(),
			"/detail/{id}":  mappings.destroyView(),
		},
		"/api/overview": {"": overview{patients, doctors, mappings}.view()},
	}
	table["/api/schema"] = schema(table)
	return table
}

// bindPrefix registers the endpoints of a prefix, each with and without its
// trailing slash, and a 404 for everything else below it. All of it answers in
// the documented error shape.
func bindPrefix(router *router.Router[*core.RequestEvent], prefix string, endpoints endpoints) {
	group := router.Group(prefix)
	group.Bind(rest.ErrorRenderer(), simplejwt.LoadToken())
	for path, view := range endpoints {
		group.Any(path, view.Serve)
		group.Any(path+"/{$}", view.Serve)
	}
	unknown := func(*core.RequestEvent) error { return rest.NotFound("") }
	if _, known := endpoints[""]; !known {
		group.Any("", unknown)
	}
	group.Any("/{path...}", unknown)
}

// answerOptions lets OPTIONS requests that are no CORS preflight reach the
// views: PocketBase's middleware takes every one of them for a preflight.
func answerOptions(router *router.Router[*core.RequestEvent]) {
	for _, middleware := range router.Middlewares {
		if middleware.Id != apis.DefaultCorsMiddlewareId {
			continue
		}
		preflight := middleware.Func
		middleware.Func = func(e *core.RequestEvent) error {
			if e.Request.Method == http.MethodOptions && e.Request.Header.Get("Access-Control-Request-Method") == "" {
				return e.Next()
			}
			return preflight(e)
		}
	}
}
