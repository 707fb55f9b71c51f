package routes

import (
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// errNotServed answers requests for a resource whose collection does not exist.
var errNotServed = rest.NotFound("")

// resourceVersion is a resource as it follows from a declaration.
type resourceVersion struct {
	declared *collections.Collection
	resource *resource
}

// now returns the resource with what operators have made of its collection up to now.
// It never changes: requests under way keep the one that they began with.
func (s *resource) now(app core.App) (*resource, error) {
	declared, _, err := collections.Now(app, s.collection.Name)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && declared == nil:
		return s, errNotServed
	case err != nil || declared == s.collection:
		return s, err
	}
	if known := s.latest.Load(); known != nil && known.declared == declared {
		return known.resource, nil
	}
	made := resourceOf(declared, s.settings)
	if !declared.Operators {
		made.order, made.orderText = s.order, s.orderText
	}
	s.latest.Store(&resourceVersion{declared, made})
	return made, nil
}

// viewVersion is a view as it follows from a resource.
type viewVersion struct {
	resource *resource
	view     *rest.View
}

// following returns a view of the resource that is made anew when an operator has
// changed the collection.
func (s *resource) following(make func(*resource) *rest.View) *rest.View {
	view := make(s)
	var latest atomic.Pointer[viewVersion]
	view.Now = func(app core.App) (*rest.View, error) {
		now, err := s.now(app)
		if err != nil || now == s {
			return view, err
		}
		if known := latest.Load(); known != nil && known.resource == now {
			return known.view, nil
		}
		made := make(now)
		made.Parents, made.Children = view.Parents, view.Children
		latest.Store(&viewVersion{now, made})
		return made, nil
	}
	return view
}
