package server_test

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/server"
	"carebase/internal/testing/testapp"
)

func TestSuperusersUseListedEndpointsOnly(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	reached := false
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		// As a newer PocketBase might.
		for _, route := range []func(string, func(*core.RequestEvent) error){
			func(path string, handler func(*core.RequestEvent) error) { e.Router.DELETE(path, handler) },
			func(path string, handler func(*core.RequestEvent) error) { e.Router.PUT(path, handler) },
		} {
			route("/api/logs", func(e *core.RequestEvent) error { reached = true; return e.NoContent(204) })
			route("/api/collections/{collection}/undo/{id}", func(e *core.RequestEvent) error { reached = true; return e.NoContent(204) })
		}
		return e.Next()
	})
	s := testapp.Serve(t, app)
	superuser := s.Superuser()
	for _, request := range [][2]string{{"DELETE", "/api/logs"}, {"PUT", "/api/logs"}, {"DELETE", "/api/collections/users/undo/x"}, {"PUT", "/api/collections/users/undo/x/"}} {
		if answer := s.Call(superuser, request[0], request[1], nil); answer.Status != 403 && answer.Status != 404 || reached {
			t.Errorf("%v: got %d %s", request, answer.Status, answer.Body)
		}
	}
	if err := audit.Flush(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	var recorded int
	if err := app.DB().NewQuery("SELECT count(*) FROM audit_events WHERE outcome = 'denied' AND detail LIKE 'endpoint %'").Row(&recorded); err != nil || recorded < 3 {
		t.Errorf("%d refusals are recorded (%v)", recorded, err)
	}
	s.Must(200, superuser, "GET", "/api/logs", nil)
}

// TestEndpointsOfPocketBaseAreListed fails when a newer PocketBase has another
// endpoint: list it, or leave it refused and name it here.
func TestEndpointsOfPocketBaseAreListed(t *testing.T) {
	for pattern := range builtRoutes(t, testapp.Default()) {
		method, path, found := strings.Cut(pattern, " ")
		if !found || !strings.HasPrefix(path, "/api/") {
			continue // a documented route is one for all methods
		}
		name := method + " " + strings.TrimSuffix(strings.TrimSuffix(path, "{$}"), "/")
		if !server.IsSuperuserEndpoint(name) {
			t.Errorf("%s is not listed", name)
		}
	}
}
