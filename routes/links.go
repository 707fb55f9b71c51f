package routes

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"carebase/internal/rest"
)

// linkViews sets the parent and child links that the browsable API shows for
// the views of a prefix. Links lead only to views with GET, and to children
// only if their path below the parent is one part without a parameter.
func linkViews(prefix string, endpoints endpoints) {
	for _, above := range slices.Sorted(maps.Keys(endpoints)) {
		parent := endpoints[above]
		if parent.Methods[http.MethodGet].Handle == nil {
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(endpoints)) {
			below, found := strings.CutPrefix(path, above+"/")
			if !found {
				continue
			}
			child := endpoints[path]
			child.Parents = append(child.Parents, rest.Link{Name: parent.Name, Path: prefix + above + "/"})
			if child.Methods[http.MethodGet].Handle != nil && !strings.ContainsAny(below, "/{") {
				parent.Children = append(parent.Children, rest.Link{Name: child.Name, Path: prefix + path + "/"})
			}
		}
	}
}
