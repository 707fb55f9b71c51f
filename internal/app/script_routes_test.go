package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// Routes of scripts that would take an endpoint's place, or that the router could not
// tell from another one, stop the start with their file and line.
func TestRoutesOfScriptsThatAreRefused(t *testing.T) {
	routes := []struct{ method, path, refusal string }{
		{"GET", "/api/patients", "the route GET /api/patients takes the place of /api/patients: choose another path"},
		{"post", "/api/patients/import", "the route POST /api/patients/import takes the place of /api/patients/import:"},
		{"GET", "/api/patients/{name}", "the route GET /api/patients/{name} takes the place of /api/patients/{id}:"},
		{"PUT", "/api/doctors/newest", "the route PUT /api/doctors/newest takes the place of /api/doctors/{id}:"},
		{"GET", "/api/doctors/{$}", "the route GET /api/doctors/{$} takes the place of /api/doctors/{$}:"},
		{"GET", "/api/collections/users/records", "the route GET /api/collections/users/records takes the place of GET /api/collections/{collection}/records:"},
		{"GET", "/api/health", "the route GET /api/health takes the place of GET /api/health:"},
		{"", "/api/collections/users/records", "the route /api/collections/users/records cannot be added: pattern \"/api/collections/users/records\" conflicts with pattern"},
		{"GET", "/api/{anything}/import", "the route GET /api/{anything}/import cannot be added: pattern \"GET /api/{anything}/import\" conflicts with pattern"},
		{"GET", "/api/visits", ""},
		{"GET", "/api/visits", "the route GET /api/visits cannot be added: pattern \"GET /api/visits\" conflicts with pattern \"GET /api/visits\""},
		{"GET", "/api/{", "the route GET /api/{ cannot be added: parsing \"GET /api/{\""},
	}
	script := ""
	for _, route := range routes {
		script += fmt.Sprintf("routerAdd(%q, %q, (e) => e.json(200, {}));\n", route.method, route.path)
	}
	write(t, map[string]string{"pb_hooks/routes.pb.js": script})
	served := testapp.NewApp(t, testapp.Default())
	t.Cleanup(func() {
		if err := served.OnTerminate().Trigger(&core.TerminateEvent{App: served}, func(*core.TerminateEvent) error { return nil }); err != nil {
			t.Error(err)
		}
	})
	err := apis.Serve(served, apis.ServeConfig{HttpAddr: "127.0.0.1:0"})
	if err == nil {
		t.Fatal("the server started")
	}
	for i, route := range routes {
		message := fmt.Sprintf("routes.pb.js:%d: %s", i+1, route.refusal)
		if found := strings.Contains(err.Error(), message); found != (route.refusal != "") {
			t.Errorf("%s %s: got\n%v\nwant %s", route.method, route.path, err, message)
		}
	}
}

func TestRoutesOfScripts(t *testing.T) {
	paths := []string{"/api/patients/{id}/summary", "/visits/{path...}", "/api/appointments/today", "/api/visits/"}
	script := ""
	for _, path := range paths {
		script += fmt.Sprintf("routerAdd(\"GET\", %q, (e) => e.string(200, %q));\n", path, path)
	}
	write(t, map[string]string{"pb_hooks/routes.pb.js": script})
	server := testapp.New(t)
	for _, path := range paths {
		sent := strings.NewReplacer("{id}", "1", "{path...}", "a/b").Replace(path)
		if got := server.Call("", "GET", sent, nil); got.Body != path {
			t.Errorf("%s: got %d %s", sent, got.Status, got.Body)
		}
	}
}
