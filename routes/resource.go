package routes

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// resource declares one resource of the documented API. What a resource does
// follows from its declaration.
type resource struct {
	// collection is PocketBase's; model is the name in "No X matches ...".
	collection, model string
	// noun is what people call one of its objects.
	noun string
	// fields are exactly what a representation consists of.
	fields []rest.Field
	// searchFields are what ?search= looks into; filterFields what can be
	// asked for exactly (?field=).
	searchFields, filterFields []string
	// readableByAll shows every signed-in user every row. The owner alone
	// changes it all the same.
	readableByAll bool
	// onNotUnique is the answer to an object that is there already.
	onNotUnique error
}

// An id and a date in the reference.
const (
	exampleID   = "k3v9x0q2m7n1p5s"
	exampleTime = "2026-01-31T12:00:00.000Z"
)

// ownerField is the column that says whose row it is.
const ownerField = "created_by"

// createdBy and createdAt are fields of every resource that has an owner.
var (
	createdBy = rest.Field{Name: ownerField, Label: "Created by", Type: rest.PrimaryKey, ReadOnly: true, Description: "The id of the user who created and owns it.", Example: "u8w2e4r6t0y1i3o"}
	createdAt = rest.Field{Name: createdAtColumn, Label: "Created at", Type: rest.DateTime, ReadOnly: true, Description: "When it was created, in UTC.", Example: exampleTime}
)

func (s *resource) listView() *rest.View {
	return &rest.View{
		Name:         s.model + " List",
		Description:  "Lists the objects that the caller can see, newest first, and creates new ones.",
		Authenticate: simplejwt.Authenticate,
		Schema:       s.model,
		Fields:       s.fields,
		Methods: map[string]rest.Method{
			http.MethodGet: {
				Handle:  s.list,
				Summary: "List " + s.plural(),
				Description: "All of the " + s.plural() + " that the caller can see, newest first unless `ordering` says otherwise; " +
					"one page of them if `page` or `page_size` is given.",
				Query:  s.listQuery(),
				Answer: rest.Answer{Status: http.StatusOK, Shape: rest.List},
				Errors: s.listErrors(),
			},
			http.MethodPost: {
				Handle:      s.create,
				Summary:     "Create a " + s.noun,
				Description: "The new " + s.noun + " belongs to the caller.",
				Answer:      rest.Answer{Status: http.StatusCreated},
			},
		},
	}
}

func (s *resource) detailView() *rest.View {
	missing, denied := rest.NotFoundModel(s.model), s.deniedToReaders()
	return &rest.View{
		Name:         s.model + " Instance",
		Description:  "Shows, changes and deletes one object.",
		Authenticate: simplejwt.Authenticate,
		Schema:       s.model,
		Fields:       s.fields,
		Path:         []rest.Field{s.idInPath("id")},
		Methods: map[string]rest.Method{
			http.MethodGet: {
				Handle:      s.retrieve,
				Summary:     "Show a " + s.noun,
				Description: "A " + s.noun + " that the caller cannot see does not exist.",
				Answer:      rest.Answer{Status: http.StatusOK},
				Errors:      []*rest.Error{missing},
			},
			http.MethodPut: {
				Handle:      func(r *rest.Request) error { return s.update(r, false) },
				Summary:     "Change a " + s.noun,
				Description: "Every required field must be there; another that is left out keeps its value.",
				Answer:      rest.Answer{Status: http.StatusOK},
				Errors:      append(denied, missing),
			},
			http.MethodPatch: {
				Handle:      func(r *rest.Request) error { return s.update(r, true) },
				Summary:     "Change some fields of a " + s.noun,
				Description: "A field that is left out keeps its value.",
				Answer:      rest.Answer{Status: http.StatusOK},
				Errors:      append(denied, missing),
			},
			http.MethodDelete: {
				Handle:      s.destroy,
				Summary:     "Delete a " + s.noun,
				Description: "Who treats whom goes with it.",
				Answer:      rest.Answer{Status: http.StatusNoContent},
				Errors:      append(denied, missing),
			},
		},
		Changeable: s.changeable,
	}
}

// plural is what people call several of the resource's objects.
func (s *resource) plural() string { return s.noun + "s" }

// idInPath is an object's id as a part of a path.
func (s *resource) idInPath(name string) rest.Field {
	return rest.Field{Name: name, Type: rest.String, Description: "The id of a " + s.noun + ".", Example: exampleID}
}

// deniedToReaders is what becomes of who may read but not change an object, if
// there is anybody.
func (s *resource) deniedToReaders() []*rest.Error {
	if !s.readableByAll {
		return nil
	}
	return []*rest.Error{rest.PermissionDenied()}
}

// scope binds a query to the rows that the caller may read. There is no other
// way to a row.
func (s *resource) scope(r *rest.Request) dbx.HashExp {
	if s.readableByAll {
		return dbx.HashExp{}
	}
	return dbx.HashExp{ownerField: r.Auth.Id}
}

func (s *resource) retrieve(r *rest.Request) error {
	scope := s.scope(r)
	scope["id"] = r.Request.PathValue("id")
	row := s.newRow()
	err := r.App.ConcurrentDB().Select(s.columns()...).From(s.collection).Where(scope).
		WithContext(r.Request.Context()).Row(row.destinations()...)
	if errors.Is(err, sql.ErrNoRows) {
		return s.denied(r, rest.NotFoundModel(s.model))
	}
	if err != nil {
		return err
	}
	if err := s.recordRead(r, row); err != nil {
		return err
	}
	return r.Respond(http.StatusOK, row.object())
}

// count counts the rows that match.
func (s *resource) count(r *rest.Request, where dbx.Expression) (count int64, err error) {
	err = r.App.ConcurrentDB().Select("count(*)").From(s.collection).Where(where).
		WithContext(r.Request.Context()).Row(&count)
	return count, err
}

func (s *resource) create(r *rest.Request) error {
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	collection, err := r.App.FindCachedCollectionByNameOrId(s.collection)
	if err != nil {
		return err
	}
	record := core.NewRecord(collection)
	record.Set(ownerField, r.Auth.Id)
	if err := s.save(r, r.App, record, values); err != nil {
		return err
	}
	return r.Respond(http.StatusCreated, s.representation(record))
}

func (s *resource) update(r *rest.Request, partial bool) error {
	// The body is read before the transaction, which must not wait for it; an
	// object that the caller may not change is refused before its body.
	if _, err := s.findForChange(r, r.App); err != nil {
		return s.denied(r, err)
	}
	values, err := r.Validated(partial)
	if err != nil {
		return err
	}
	var record *core.Record
	err = r.App.RunInTransaction(func(txApp core.App) error {
		if record, err = s.findForChange(r, txApp); err != nil {
			return err
		}
		return s.save(r, txApp, record, values)
	})
	if err != nil {
		return err
	}
	return r.Respond(http.StatusOK, s.representation(record))
}

func (s *resource) destroy(r *rest.Request) error {
	err := r.App.RunInTransaction(func(txApp core.App) error {
		record, err := s.findForChange(r, txApp)
		if err != nil {
			return err
		}
		return txApp.DeleteWithContext(r.Request.Context(), record)
	})
	if err != nil {
		return s.denied(r, err)
	}
	return r.NoContent()
}

// findForChange finds the object that the path names. It is a 404 for who may
// not read it and a 403 for who may read but not change it.
func (s *resource) findForChange(r *rest.Request, app core.App) (*core.Record, error) {
	scope := s.scope(r)
	scope["id"] = r.Request.PathValue("id")
	record := &core.Record{}
	err := app.RecordQuery(s.collection).AndWhere(scope).WithContext(r.Request.Context()).Limit(1).One(record)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, rest.NotFoundModel(s.model)
	case err != nil:
		return nil, err
	case record.GetString(ownerField) != r.Auth.Id:
		return nil, rest.PermissionDenied()
	}
	return record, nil
}

// changeable is the object that the path names, for who may change it.
func (s *resource) changeable(r *rest.Request) (rest.Object[any], error) {
	record, err := s.findForChange(r, r.App)
	if err != nil {
		return nil, err
	}
	return s.representation(record), nil
}

// save writes through PocketBase, so that every hook and subscription sees it.
func (s *resource) save(r *rest.Request, app core.App, record *core.Record, values rest.Values) error {
	for name, value := range values {
		record.Set(name, value)
	}
	if err := app.SaveWithContext(r.Request.Context(), record); err != nil {
		return saveError(err, s.fields, s.onNotUnique)
	}
	return nil
}
