package scripts

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/dop251/goja"
	"github.com/pocketbase/pocketbase/core"
)

// routes are those that scripts add.
type routes []route

type route struct{ method, path, place string }

// bindRoutes refuses to start with a script's route that takes an endpoint's place, or
// that cannot be told from another one.
func bindRoutes(app core.App) *routes {
	added := &routes{}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if len(*added) == 0 {
			return e.Next()
		}
		own, err := e.Router.BuildMux() // without the scripts' routes, which are added later
		if err != nil {
			return err
		}
		mux, isMux := own.(*http.ServeMux)
		if !isMux {
			return fmt.Errorf("PocketBase's router is an unknown %T", own)
		}
		var problems []error
		for _, route := range *added {
			problems = append(problems, route.check(mux))
		}
		for i, route := range *added {
			if problems[i] == nil {
				problems[i] = route.addTo(mux)
			}
		}
		if err := errors.Join(problems...); err != nil {
			return err
		}
		return e.Next()
	})
	return added
}

// watch notes the routes that the scripts of a runtime add.
func (r *routes) watch(vm *goja.Runtime) {
	var add goja.Callable
	getter := vm.ToValue(func(goja.FunctionCall) goja.Value {
		return vm.ToValue(func(call goja.FunctionCall) goja.Value {
			*r = append(*r, route{
				method: strings.ToUpper(call.Argument(0).String()), path: call.Argument(1).String(),
				place: place(vm.CaptureCallStack(0, nil)),
			})
			value, err := add(call.This, call.Arguments...)
			if err != nil {
				panic(err) // which goja throws to the script
			}
			return value
		})
	})
	setter := vm.ToValue(func(call goja.FunctionCall) goja.Value {
		add, _ = goja.AssertFunction(call.Argument(0))
		return goja.Undefined()
	})
	if err := vm.GlobalObject().DefineAccessorProperty("routerAdd", getter, setter, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err) // it is not defined yet
	}
}

func (r route) pattern() string { return strings.TrimSpace(r.method + " " + r.path) }

// wildcard matches a segment of a pattern that stands for any.
var wildcard = regexp.MustCompile(`\{[^{}]*\}`)

// check refuses a route with requests that an endpoint of the mux answers.
func (r route) check(mux *http.ServeMux) error {
	request := &http.Request{Method: r.method, URL: &url.URL{Path: wildcard.ReplaceAllStringFunc(r.path, func(segment string) string {
		if segment == "{$}" {
			return ""
		}
		return "-"
	})}}
	_, endpoint := mux.Handler(request)
	if endpoint == "" || strings.HasSuffix(endpoint, "...}") || strings.HasSuffix(endpoint, "/") {
		return nil // it is free, or what answers any other path
	}
	return fmt.Errorf("%s: the route %s takes the place of %s: choose another path", r.place, r.pattern(), endpoint)
}

// registered matches where the mux says that a pattern was registered.
var registered = regexp.MustCompile(` \(registered at [^)]*\)`)

// addTo adds a route to the mux, as the router will. It returns what the mux refuses.
func (r route) addTo(mux *http.ServeMux) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%s: the route %s cannot be added: %s", r.place, r.pattern(), registered.ReplaceAllString(fmt.Sprint(problem), ""))
		}
	}()
	mux.Handle(r.pattern(), http.NotFoundHandler())
	return nil
}
