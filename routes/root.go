package routes

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// apiRoot returns the view that leads to the others, like DRF's APIRootView.
func apiRoot(table map[string]endpoints) *rest.View {
	return &rest.View{
		Name:         rootName,
		Description:  "The lists of this API.",
		Authenticate: simplejwt.Authenticate,
		AllowAny:     true,
		Schema:       "APIRoot",
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle: func(r *rest.Request) error {
				links := rest.Object[any]{}
				for _, name := range listNames(table, func(view *rest.View) bool {
					_, err := view.Current(r.App)
					return err == nil
				}) {
					links = append(links, rest.Entry[any]{Key: name, Value: r.Origin() + rootPath + name + "/"})
				}
				return r.Respond(http.StatusOK, links)
			},
			Summary:     "The API's root",
			Description: "The name of each list, and its URL.",
			Answer:      rest.Answer{Status: http.StatusOK, Shape: rest.Document, Fields: rootFields(table)},
		}},
	}
}

const (
	rootName = "Api Root"
	rootPath = "/api/"
)

// rootFields declares the links of the root, without those of collections that
// operators may make.
func rootFields(table map[string]endpoints) []rest.Field {
	fields := []rest.Field{}
	for _, name := range listNames(table, func(view *rest.View) bool { return view.Now == nil || len(view.Fields) > 0 }) {
		fields = append(fields, rest.Field{
			Name: name, Label: capitalized(name), Type: rest.String, ReadOnly: true,
			Description: "The URL of this list.", Example: "http://127.0.0.1:8000" + rootPath + name + "/",
		})
	}
	return fields
}

// listNames returns what is right below the root and can be read: the resources in
// the order of their declaration, and then the others. It leaves out those that are not
// there.
func listNames(table map[string]endpoints, isThere func(*rest.View) bool) []string {
	var names []string
	for _, prefix := range slices.Sorted(maps.Keys(table)) {
		name, below := strings.CutPrefix(prefix, rootPath)
		if view := table[prefix][""]; below && view != nil && view.Methods[http.MethodGet].Handle != nil && isThere(view) {
			names = append(names, name)
		}
	}
	place := func(name string) int {
		all := collections.All()
		i := slices.IndexFunc(all, func(collection *collections.Collection) bool {
			return collection.Name == name && collection.Resource != nil
		})
		if i < 0 {
			return len(all)
		}
		return i
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return names
}

// linkRoot puts the root above all views of a prefix.
func linkRoot(prefix string, endpoints endpoints) {
	if prefix+"/" == rootPath {
		return
	}
	for _, view := range endpoints {
		view.Parents = slices.Insert(slices.Clone(view.Parents), 0, rest.Link{Name: rootName, Path: rootPath})
	}
}
