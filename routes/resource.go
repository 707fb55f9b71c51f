package routes

import (
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/counts"
	"carebase/internal/rest"
	"carebase/internal/search"
)

// resource serves the records of one declared collection. Its behaviour follows
// from the declaration.
type resource struct {
	*collections.Resource
	collection *collections.Collection
	// fields are the declared fields; relations validate that the caller can see
	// their target.
	fields []rest.Field
	// shown are those of the representation: those that are not write-only.
	shown []rest.Field
	// readableByAll lets every user read every row. Only the owner may change it.
	readableByAll bool
	// viewed is the query of one object, until somebody changes the collection.
	viewed atomic.Pointer[viewQuery]
	// order is the default order of lists, and orderText describes it.
	order     order
	orderText string
	engine    search.Engine
	settings  *config.Config
	// latest is the resource as it was when somebody last asked for it.
	latest atomic.Pointer[resourceVersion]
}

// newResource returns the resource of a declared collection with an owner.
func newResource(name string, settings *config.Config) *resource {
	return resourceOf(collections.Get(name), settings)
}

// newDrawnResource returns the resource of a collection that operators make, now or
// later.
func newDrawnResource(name string, settings *config.Config) *resource {
	return resourceOf(collections.Undrawn(name), settings)
}

func resourceOf(collection *collections.Collection, settings *config.Config) *resource {
	s := &resource{
		Resource:      collection.Resource,
		collection:    collection,
		fields:        slices.Clone(collection.Resource.Fields),
		readableByAll: collection.IsReadableByAll(settings.DoctorsScope),
		order:         newestFirst(collection),
		orderText:     "newest first",
		settings:      settings,
	}
	if settings.PostgreSQL != nil {
		s.engine = search.PostgreSQL
	}
	for _, relation := range collection.Relations {
		for i := range s.fields {
			if s.fields[i].Name == relation.Field {
				s.fields[i].Validate = visible(newResource(relation.Target, settings), relation.Field)
			}
		}
	}
	s.limitLinks()
	s.shown = slices.DeleteFunc(slices.Clone(s.fields), func(field rest.Field) bool { return field.WriteOnly })
	return s
}

// plural returns the plural noun of the resource's objects.
func (s *resource) plural() string { return s.Noun + "s" }

// one returns the noun with its indefinite article: "a patient".
func (s *resource) one() string {
	if strings.ContainsRune("aeiou", rune(s.Noun[0])) {
		return "an " + s.Noun
	}
	return "a " + s.Noun
}

// deletionDescription describes what is deleted along with an object.
func (s *resource) deletionDescription() string {
	var referring []string
	for _, other := range collections.All() {
		refers := func(relation collections.Relation) bool { return relation.Target == s.collection.Name }
		if other.Resource != nil && slices.ContainsFunc(other.Relations, refers) {
			referring = append(referring, other.Name)
		}
	}
	if referring == nil {
		return "The " + s.Noun + " is deleted for good."
	}
	return "Its " + strings.Join(referring, " and ") + " are deleted with it."
}

// idInPath declares an object's id as a path parameter.
func (s *resource) idInPath(name string) rest.Field {
	id := rest.Field{Type: rest.AutoField, Example: collections.ExampleNumber}
	if len(s.fields) > 0 { // one that nobody has made yet has none
		id = s.fields[0]
	}
	return rest.Field{Name: name, Type: id.Type, TextKeys: id.TextKeys, Description: "The id of " + s.one() + ".", Example: id.Example}
}

// deniedToReaders returns the error for users who may read but not change an
// object; nil if there are no such users.
func (s *resource) deniedToReaders() []*rest.Error {
	if !s.readableByAll {
		return nil
	}
	return []*rest.Error{rest.PermissionDenied()}
}

// scope returns the condition that limits a query to the rows that the caller
// may read. Every query of a resource uses it.
func (s *resource) scope(r *rest.Request) dbx.HashExp {
	if s.readableByAll {
		return dbx.HashExp{}
	}
	return dbx.HashExp{s.collection.Owner: r.Auth.Id}
}

func (s *resource) retrieve(r *rest.Request) error {
	row, found, err := s.stored(r, r.Request.PathValue("id"))
	if err != nil {
		return err
	}
	if !found {
		return s.denied(r, rest.NotFoundModel(s.Model))
	}
	if err := checkTag(r, row.tag()); err != nil {
		return err
	}
	if err := s.recordRead(r, row); err != nil {
		return err
	}
	return r.Respond(http.StatusOK, row)
}

// stored returns the row of an object with what its tag is made of, if the caller may
// read it.
func (s *resource) stored(r *rest.Request, id string) (object row, found bool, err error) {
	viewed, err := s.viewQuery(r.App)
	if err != nil {
		return row{}, false, err
	}
	selected, err := viewed.withFiles(s, r)
	if err != nil {
		return row{}, false, err
	}
	values, err := viewed.read(r, id)
	if err != nil || values == nil {
		return row{}, false, err
	}
	return (&scanner{selection: selected, values: values}).row(), true, nil
}

// count returns the number of rows that match.
func (s *resource) count(r *rest.Request, where dbx.Expression) (count int64, err error) {
	err = r.App.ConcurrentDB().Select("count(*)").From(s.collection.Name).Where(where).
		WithContext(r.Request.Context()).Row(&count)
	return count, err
}

// countSelected returns the number of rows that meet the criteria. All rows of the
// caller are counted already.
func (s *resource) countSelected(r *rest.Request, selected criteria) (count int64, err error) {
	counter, counted := s.collection.Counter()
	if !selected.everything || !counted || s.hides(r.App) {
		return s.count(r, dbx.And(selected.counting...))
	}
	if selected.match != nil {
		return selected.match.Count(r.Request.Context(), r.App.ConcurrentDB())
	}
	owner := r.Auth.Id
	if s.readableByAll {
		owner = counts.Everybody
	}
	err = r.App.ConcurrentDB().Select("coalesce(sum(number), 0)").From(counts.Table).
		Where(dbx.HashExp{"source": counter.Table, "owner": owner, "kind": counter.Kinds[0].Name}).
		WithContext(r.Request.Context()).Row(&count)
	return count, err
}

// findForChange returns the object that the path names. The error is a 404 for
// callers who may not read it and a 403 for those who may read but not change
// it.
func (s *resource) findForChange(r *rest.Request, app core.App) (*core.Record, error) {
	return s.findOwned(r, app, r.Request.PathValue("id"))
}

// mayChange returns the errors of findForChange. What only its owner may read was read
// together with the caller.
func (s *resource) mayChange(r *rest.Request) error {
	if s.readableByAll {
		_, err := s.findForChange(r, r.App)
		return err
	}
	viewed, err := s.viewQuery(r.App)
	if err != nil {
		return err
	}
	values, err := viewed.read(r, r.Request.PathValue("id"))
	if err == nil && values == nil {
		return rest.NotFoundModel(s.Model)
	}
	return err
}

// findOwned returns the object with the id if the caller owns it, with the
// errors of findForChange.
func (s *resource) findOwned(r *rest.Request, app core.App, id string) (*core.Record, error) {
	scope := s.scope(r)
	scope["id"] = id
	record := &core.Record{}
	err := app.RecordQuery(s.collection.Name).AndWhere(scope).WithContext(r.Request.Context()).Limit(1).One(record)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, rest.NotFoundModel(s.Model)
	case err != nil:
		return nil, err
	case record.GetString(s.collection.Owner) != r.Auth.Id:
		return nil, rest.PermissionDenied()
	}
	return record, nil
}

// changeable returns the representation of the object that the path names, if
// the caller may change it.
func (s *resource) changeable(r *rest.Request) (rest.Object[any], error) {
	record, err := s.findForChange(r, r.App)
	if err != nil {
		return nil, err
	}
	return s.representation(r, record)
}
