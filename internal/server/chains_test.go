package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// updateVariable asks for the golden file to be written again.
const updateVariable = "CAREBASE_UPDATE_GOLDEN"

// TestChains prints what stands around a route of each kind, in its order.
func TestChains(t *testing.T) {
	testpostgres.ChooseSQLite(t) // PostgreSQL has two more: see TestPipelineIsInOrder
	settings := testapp.Default()
	settings.AllowedHosts = []string{"127.0.0.1"}
	settings.SuperuserNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	routes := builtRoutes(t, settings)
	var out strings.Builder
	for _, pattern := range []string{
		"/api/patients/{id}/{$}", "/api/{path...}", "GET /api/collections/{collection}/records", "POST /api/batch", "GET /api/realtime", "POST /api/realtime", "GET /_/{path...}",
	} {
		fmt.Fprintf(&out, "%s\n", pattern)
		for _, step := range routes[pattern] {
			fmt.Fprintf(&out, "%8d %s\n", step.priority, step.id)
		}
		if routes[pattern] == nil {
			t.Errorf("there is no route %s", pattern)
		}
	}
	golden := filepath.Join("testdata", "chains.txt")
	if os.Getenv(updateVariable) != "" {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != out.String() {
		t.Errorf("the chains are not those of %s (%v): if that is meant, run\n\t%s=1 go test ./internal/server -run TestChains\ngot\n%s", golden, err, updateVariable, out.String())
	}
}

// TestNoTwoMiddlewaresShareAPlace looks at every route of the program: what
// stands around it before PocketBase's own route middlewares is in one order.
func TestNoTwoMiddlewaresShareAPlace(t *testing.T) {
	for pattern, chain := range builtRoutes(t, testapp.Default()) {
		for i := 1; i < len(chain); i++ {
			if chain[i].priority == chain[i-1].priority && chain[i].priority < 0 {
				t.Errorf("%s: %s and %s share %d", pattern, chain[i-1].id, chain[i].id, chain[i].priority)
			}
		}
	}
}

// step is a middleware around a route.
type step struct {
	id       string
	priority int
}

// builtRoutes returns what stands around every route, by the route's pattern.
func builtRoutes(t *testing.T, settings *config.Config) map[string][]step {
	t.Helper()
	app := testapp.NewApp(t, settings)
	root, err := apis.NewRouter(app)
	if err != nil {
		t.Fatal(err)
	}
	root.Bind(apis.CORS(apis.CORSConfig{AllowOrigins: []string{"*"}}))
	root.GET("/_/{path...}", func(*core.RequestEvent) error { return nil }).Bind(apis.Gzip()) // as apis.Serve
	event := &core.ServeEvent{App: app, Router: root, Server: &http.Server{Addr: "127.0.0.1:0"}}
	if err := app.OnServe().Trigger(event, func(*core.ServeEvent) error { return nil }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = event.Listener.Close()
		end := &core.TerminateEvent{App: app}
		if err := app.OnTerminate().Trigger(end, func(*core.TerminateEvent) error { return nil }); err != nil {
			t.Error(err)
		}
	})
	routes := map[string][]step{}
	collect(routes, reflect.ValueOf(root.RouterGroup).Elem(), nil)
	return routes
}

// collect walks a group as PocketBase's router does when it builds its mux. The
// groups' children are not exported.
func collect(routes map[string][]step, group reflect.Value, parents []reflect.Value) {
	parents = append(slices.Clone(parents), group)
	children := group.FieldByName("children")
	for i := range children.Len() {
		child := children.Index(i).Elem().Elem()
		if child.Type() == reflect.TypeFor[router.RouterGroup[*core.RequestEvent]]() {
			collect(routes, child, parents)
			continue
		}
		pattern := ""
		if method := child.FieldByName("Method").String(); method != "" {
			pattern = method + " "
		}
		var chain []step
		for depth, bound := range append(slices.Clone(parents), child) {
			if depth < len(parents) {
				pattern += bound.FieldByName("Prefix").String()
			}
			middlewares := bound.FieldByName("Middlewares")
			for j := range middlewares.Len() {
				handler := middlewares.Index(j).Elem()
				added := step{handler.FieldByName("Id").String(), int(handler.FieldByName("Priority").Int())}
				if isExcluded(child, added.id) || isExcluded(group, added.id) || isExcluded(bound, added.id) {
					continue
				}
				chain = slices.DeleteFunc(chain, func(known step) bool { return known.id == added.id && added.id != "" })
				chain = append(chain, added)
			}
		}
		slices.SortStableFunc(chain, func(a, b step) int { return a.priority - b.priority })
		routes[pattern+child.FieldByName("Path").String()] = chain
	}
}

func isExcluded(bound reflect.Value, id string) bool {
	excluded := bound.FieldByName("excludedMiddlewares")
	return excluded.IsValid() && excluded.MapIndex(reflect.ValueOf(id)).IsValid()
}
