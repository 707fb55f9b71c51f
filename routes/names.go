package routes

import (
	"fmt"
	"slices"
	"strings"

	"carebase/internal/collections"
	"carebase/internal/config"
)

// taken are the first segments of paths below /api/ that are PocketBase's.
var taken = []string{"admins", "backups", "batch", "collections", "crons", "files", "health", "logs", "oauth2-redirect", "realtime", "settings", "sql"}

// CheckNames returns an error for names of API_RESOURCES that clash with an endpoint,
// with one of the program's collections, or with each other's objects.
func CheckNames(names []string) error {
	endpoints := append([]string{"docs"}, taken...)
	models := map[string]string{"detail": "an error", "fieldmetadata": "the answer to OPTIONS"}
	for prefix, paths := range table(&config.Config{}) {
		endpoints = append(endpoints, strings.TrimPrefix(prefix, "/api/"))
		for _, view := range paths {
			for _, schema := range schemasOf(view.Schema) {
				models[schema] = "another endpoint"
			}
		}
	}
	for _, name := range names {
		model := collections.Undrawn(name).Resource.Model
		switch other := models[strings.ToLower(model)]; {
		case slices.Contains(endpoints, strings.ToLower(name)):
			return fmt.Errorf("API_RESOURCES: /api/%s/ is an endpoint already", name)
		case collections.Get(name) != nil || strings.HasPrefix(name, "_"):
			return fmt.Errorf("API_RESOURCES: %s is a collection of the program's", name)
		case other != "":
			return fmt.Errorf("API_RESOURCES: the objects of %s would be called %s, as those of %s", name, model, other)
		}
		for _, schema := range schemasOf(model) {
			models[schema] = name
		}
	}
	return nil
}

// schemasOf returns the names, in lower case, of the schemas that the reference has for
// objects.
func schemasOf(model string) []string {
	model = strings.ToLower(model)
	return []string{model, model + "request", "patched" + model + "request", model + "errors", "paginated" + model + "list"}
}
