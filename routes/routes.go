// Package routes implements the documented REST API: the table of its endpoints
// and a file per resource. It also serves the web console's files.
package routes

import (
	"io/fs"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// Bind registers the documented API, each group of its routes surrounded by the
// middlewares, and the console's files from public. Call it once, before the app
// starts.
func Bind(app core.App, settings *config.Config, public fs.FS, surround func(*router.RouterGroup[*core.RequestEvent])) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := CheckNames(settings.APIResources); err != nil {
			return err
		}
		for prefix, endpoints := range table(settings) {
			linkViews(prefix, endpoints)
			linkRoot(prefix, endpoints)
			bindPrefix(e.Router, prefix, endpoints, surround)
		}
		bindDocs(e.Router, public, surround)
		bindPublic(e.Router, public)
		return e.Next()
	})
}

// endpoints maps the rest of a path, below a prefix and without its trailing
// slash, to its view.
type endpoints map[string]*rest.View

// table returns every endpoint of the documented API, by prefix.
func table(settings *config.Config) map[string]endpoints {
	patients := newResource(collections.Patients, settings)
	doctors := newResource(collections.Doctors, settings)
	mappings := newMappings(patients, settings)
	tokens := tokens{
		lifetimes: simplejwt.Lifetimes{Access: settings.AccessTokenLifetime, Refresh: settings.RefreshTokenLifetime},
		rotation:  simplejwt.Rotation{Rotate: settings.RotateRefreshTokens, Blacklist: settings.BlacklistAfterRotation, Grace: settings.RefreshReuseGrace},
	}
	prefixes := map[string]endpoints{
		"/api/auth": {
			"/register":               register(),
			"/login":                  tokens.obtain(),
			"/token/refresh":          tokens.refresh(),
			"/logout":                 tokens.blacklist(),
			"/logout/all":             endAllSessions(),
			"/sessions":               listSessions(),
			"/sessions/{id}":          endSession(),
			"/me":                     me(),
			"/password/change":        tokens.changePassword(),
			"/password/reset":         requestPasswordReset(),
			"/password/reset/confirm": confirmPasswordReset(),
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
			"/{id}/history": history{patients}.view(),
			"/{id}/export":  newExport(patients, settings).view(),
			"/import":       patients.importView(),
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
		"/api/overview": {
			"":         overview{patients, doctors, mappings.resource}.view(),
			"/changes": lastChanges{patients}.view(),
		},
	}
	for _, name := range settings.APIResources {
		drawn := newDrawnResource(name, settings)
		prefixes["/api/"+name] = endpoints{"": drawn.listView(), "/{id}": drawn.detailView()}
	}
	prefixes["/api/schema"] = schema(prefixes)
	prefixes["/api"] = endpoints{"": apiRoot(prefixes)}
	return prefixes
}

// beforeSignIn is the priority of a middleware right before the one that finds out who
// the caller is.
const beforeSignIn = -1021

// bindPrefix registers the endpoints of a prefix, each with and without its
// trailing slash, and a 404 for everything else below it. All errors have the
// documented shape.
func bindPrefix(root *router.Router[*core.RequestEvent], prefix string, endpoints endpoints, surround func(*router.RouterGroup[*core.RequestEvent])) {
	group := root.Group(prefix)
	surround(group)
	for path, view := range endpoints {
		for _, form := range []string{path, path + "/{$}"} {
			route := group.Any(form, view.Serve)
			if view.Ahead != nil {
				route.Bind(&hook.Handler[*core.RequestEvent]{Id: "readAhead", Priority: beforeSignIn, Func: func(e *core.RequestEvent) error {
					view.Ahead(e)
					return e.Next()
				}})
			}
		}
	}
	unknown := func(*core.RequestEvent) error { return rest.NotFound("") }
	if _, known := endpoints[""]; !known {
		group.Any("", unknown)
	}
	group.Any("/{path...}", unknown)
}
