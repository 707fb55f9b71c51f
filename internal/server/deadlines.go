package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"unsafe"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/audit"
	"carebase/internal/dberror"
	"carebase/internal/deadline"
	"carebase/internal/endpoint"
)

// limitWork sets a deadline for the request and all of its statements. A read is also
// cancelled when its client disconnects; a write is not, so that subscribers are
// notified of everything that is committed.
func (s *server) limitWork(e *core.RequestEvent) error {
	if !hasDeadline(e.Request) {
		return e.Next()
	}
	parent, limit, bounds := e.Request.Context(), s.Timeouts.User, userBounds
	if e.HasSuperuserAuth() {
		limit, bounds = s.Timeouts.Superuser, superuserBounds
	}
	app, request, response := e.App, e.Request, e.Response
	if isWrite(request) {
		parent = context.WithoutCancel(parent)
	}
	work := deadline.New(parent, limit)
	work.Caller = callerOf(e)
	defer work.Stop()
	readers, quiet := s.replicaFor(e), work.Quiet()
	// Superusers may take so long that others should not wait for them once they have
	// written.
	if s.Cluster == nil && isWrite(request) && !e.HasSuperuserAuth() {
		quiet = withJoining(quiet, e)
	}
	bounded, err := audit.Replace(app, func(below core.App) (core.App, error) { return newBoundedApp(below, quiet, bounds, readers) })
	if err != nil {
		return err
	}
	defer func() { e.App, e.Request, e.Response = app, request, response }()
	e.App = bounded
	e.Request = request.WithContext(work.Within(request.Context()))
	e.Request.Body = &clientBody{rereadable{request.Body}, work}
	e.Response = &clientResponse{response, work}
	err = e.Next()
	if ended := work.Ended(); ended != nil && err != nil {
		return dberror.Refusal(errors.Join(ended, err)) // whatever the failure that it led to
	}
	return err
}

// hasDeadline excludes realtime connections and server-wide superuser operations such
// as restoring a backup or changing a collection. Sending a file is not work, finding
// it is; PocketBase itself bounds how many thumbnails it makes at once.
func hasDeadline(request *http.Request) bool {
	if !endpoint.IsBelow(request, "/api") || endpoint.Of(request) == endpoint.Connect {
		return false
	}
	for _, path := range []string{"/api/backups", "/api/settings", "/api/crons"} {
		if endpoint.IsBelow(request, path) {
			return false
		}
	}
	return !endpoint.IsBelow(request, "/api/collections") || !isWrite(request) || endpoint.IsRecords(request) || endpoint.IsAccountDoor(request)
}

func isWrite(request *http.Request) bool {
	return request.Method != http.MethodGet && request.Method != http.MethodHead && request.Method != http.MethodOptions
}

// clientBody is a request body. Time spent waiting for it does not count as work.
type clientBody struct {
	rereadable
	work *deadline.Work
}

// Read implements io.Reader.
func (b *clientBody) Read(data []byte) (int, error) {
	b.work.Pause()
	defer b.work.Resume()
	return b.ReadCloser.Read(data)
}

// rereadable is a request body around another one that may be read again.
type rereadable struct{ io.ReadCloser }

// Reread implements router.Rereader.
func (r rereadable) Reread() {
	if body, ok := r.ReadCloser.(router.Rereader); ok {
		body.Reread()
	}
}

// clientResponse is a response. Time spent waiting for the client to receive it does
// not count as work.
type clientResponse struct {
	http.ResponseWriter
	work *deadline.Work
}

// Write implements http.ResponseWriter.
func (r *clientResponse) Write(data []byte) (int, error) {
	r.work.Pause()
	defer r.work.Resume()
	return r.ResponseWriter.Write(data)
}

// Unwrap is used by http.ResponseController and PocketBase.
func (r *clientResponse) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// boundedApp is an app for one request: its statements have the request's deadline,
// and it bounds the number of expanded records.
type boundedApp struct {
	core.App
	expansion *expansion
}

// databases are BaseApp's database fields. BaseApp's methods call each other rather
// than those of an app that wraps it, so replacing these fields is the only way to
// pass a context to all of their statements.
var databases = []databaseField{
	{name: concurrentDB, of: core.App.ConcurrentDB},
	{name: "nonconcurrentDB", of: core.App.NonconcurrentDB},
	{name: "auxConcurrentDB", of: core.App.AuxConcurrentDB},
}

// concurrentDB is the field that a replica may stand in for.
const concurrentDB = "concurrentDB"

// databaseField is one of BaseApp's database fields, at its offset.
type databaseField struct {
	name   string
	of     func(core.App) dbx.Builder
	offset uintptr
}

// errDatabases is set if PocketBase has changed the fields.
var errDatabases = findDatabases()

func findDatabases() error {
	for i := range databases {
		field, found := reflect.TypeFor[core.BaseApp]().FieldByName(databases[i].name)
		if !found || field.Type != reflect.TypeFor[dbx.Builder]() {
			return fmt.Errorf("PocketBase's BaseApp has no %s", databases[i].name)
		}
		databases[i].offset = field.Offset
	}
	return nil
}

// newBoundedApp returns a copy of the app whose statements have a context. It reads with
// the readers unless they are nil.
func newBoundedApp(app core.App, quiet context.Context, limits bounds, readers *dbx.DB) (core.App, error) {
	state := limits.expansion()
	ctx := withExpansion(quiet, state)
	bounded, err := withDatabases(app, func(name string, pool *dbx.DB) *dbx.DB {
		if name == concurrentDB && readers != nil {
			pool = readers
		}
		return pool.WithContext(ctx)
	})
	return &boundedApp{App: bounded, expansion: state}, err
}

// withDatabases returns a copy of the app, as PocketBase makes one for each transaction,
// with other databases.
func withDatabases(app core.App, replacement func(name string, pool *dbx.DB) *dbx.DB) (core.App, error) {
	base, err := baseOf(app)
	if err != nil {
		return nil, err
	}
	copied := *base
	for i := range databases {
		database := &databases[i]
		pool, ok := database.of(base).(*dbx.DB)
		if !ok {
			return nil, fmt.Errorf("PocketBase's %s is an unknown %T", database.name, database.of(base))
		}
		place := unsafe.Add(unsafe.Pointer(&copied), database.offset)
		*(*dbx.Builder)(place) = replacement(database.name, pool)
	}
	return &copied, nil
}

// baseOf returns the BaseApp of an app.
func baseOf(app core.App) (*core.BaseApp, error) {
	switch app := app.(type) {
	case *core.BaseApp:
		return app, nil
	case *pocketbase.PocketBase:
		return baseOf(app.App)
	}
	return nil, fmt.Errorf("the app is an unknown %T", app)
}

// bindDeadlines removes the request's deadline from hooks that run after a commit,
// because they serve subscribers and others rather than the request.
func bindDeadlines(app core.App) {
	free := &hook.Handler[*core.ModelEvent]{Priority: beforePocketBase, Func: func(e *core.ModelEvent) error {
		if !e.App.IsTransactional() {
			e.App = app
		}
		return e.Next()
	}}
	app.OnModelAfterCreateSuccess().Bind(free)
	app.OnModelAfterUpdateSuccess().Bind(free)
	app.OnModelAfterDeleteSuccess().Bind(free)
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if errDatabases != nil {
			return errDatabases
		}
		return e.Next()
	})
}
