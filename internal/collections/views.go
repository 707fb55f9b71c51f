package collections

import (
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/sqltext"
)

// isOpen reports whether users other than superusers may read a view.
func isOpen(view *core.Collection) bool { return view.ListRule != nil || view.ViewRule != nil }

// OpenReaders returns the names of the views that read another view, directly
// or indirectly, and that are not restricted to superusers.
func (v Views) OpenReaders(of *core.Collection) []string {
	var names []string
	for _, view := range v {
		if view == nil || view == of || !isOpen(view) {
			continue
		}
		tokens, err := sqltext.Tokenize(view.ViewQuery)
		if err != nil {
			continue
		}
		if _, views, err := v.Reads(tokens); err != nil || slices.Contains(views, of) {
			names = append(names, view.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Exposing returns the views of confidential data that are not restricted to
// superusers.
func (v Views) Exposing() []*core.Collection {
	var exposing []*core.Collection
	for _, view := range v {
		if view != nil && isOpen(view) && v.IsConfidential(view) {
			exposing = append(exposing, view)
		}
	}
	return exposing
}

// CloseViews restricts views of confidential data to superusers and returns the
// names of the views that it changed.
func CloseViews(app core.App) ([]string, error) {
	views, err := FindViews(app, nil)
	if err != nil {
		return nil, err
	}
	var closed []string
	for _, view := range views.Exposing() {
		// Bypass the hooks, which may reject a view that is older than they are.
		_, err := app.NonconcurrentDB().Update(view.TableName(), dbx.Params{"listRule": nil, "viewRule": nil}, dbx.HashExp{"id": view.Id}).Execute()
		if err != nil {
			return nil, err
		}
		closed = append(closed, view.Name)
	}
	slices.Sort(closed)
	if len(closed) == 0 {
		return nil, nil
	}
	return closed, app.ReloadCachedCollections()
}
