package routes

import (
	"net/http"

	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// listView returns the view of all objects.
func (s *resource) listView() *rest.View {
	return s.following((*resource).listViewNow)
}

func (s *resource) listViewNow() *rest.View {
	return s.readOnlyUnlessOwned(&rest.View{
		Name:         s.Model + " List",
		Description:  "Lists the objects that the caller can see, " + s.orderText + ", and creates new ones.",
		Authenticate: simplejwt.Authenticate,
		Schema:       s.Model,
		Fields:       s.fields,
		Renderers:    rest.ListRenderers,
		Methods: map[string]rest.Method{
			http.MethodGet: {
				Handle:  s.list,
				Summary: "List " + s.plural(),
				Description: "All of the " + s.plural() + " that the caller can see, " + s.orderText + " unless `ordering` says otherwise; " +
					"one page of them if `page` or `page_size` is given.",
				Query:  s.listQuery(),
				Answer: rest.Answer{Status: http.StatusOK, Shape: rest.List},
				Errors: s.listErrors(),
			},
			http.MethodPost: {
				Handle:      s.create,
				Summary:     "Create " + s.one(),
				Description: "The new " + s.Noun + " belongs to the caller.",
				Headers:     []rest.Field{rest.IdempotencyKey},
				Answer:      rest.Answer{Status: http.StatusCreated},
				Errors:      idempotencyErrors(),
			},
		},
	})
}

// readOnlyUnlessOwned takes the methods away by which users change objects, if only
// superusers may.
func (s *resource) readOnlyUnlessOwned(view *rest.View) *rest.View {
	if s.collection.Owner == "" {
		view.Methods = map[string]rest.Method{http.MethodGet: view.Methods[http.MethodGet]}
		view.Changeable = nil
	}
	return view
}

// detailView returns the view of one object.
func (s *resource) detailView() *rest.View {
	view := s.following((*resource).detailViewNow)
	view.Ahead = s.readAhead
	return view
}

func (s *resource) detailViewNow() *rest.View {
	missing, denied := rest.NotFoundModel(s.Model), s.deniedToReaders()
	return s.readOnlyUnlessOwned(&rest.View{
		Name:         s.Model + " Instance",
		Description:  "Shows, changes and deletes one object.",
		Authenticate: simplejwt.Authenticate,
		Schema:       s.Model,
		Fields:       s.fields,
		Path:         []rest.Field{s.idInPath("id")},
		Methods: map[string]rest.Method{
			http.MethodGet: {
				Handle:      s.retrieve,
				Summary:     "Show " + s.one(),
				Description: capitalized(s.one()) + " that the caller cannot see does not exist.",
				Headers:     []rest.Field{rest.IfMatch},
				Answer:      rest.Answer{Status: http.StatusOK},
				Errors:      []*rest.Error{missing, rest.PreconditionFailed("")},
			},
			http.MethodPut: {
				Handle:      func(r *rest.Request) error { return s.update(r, false) },
				Summary:     "Change " + s.one(),
				Description: "Every required field must be there; another that is left out keeps its value.",
				Headers:     []rest.Field{rest.IfMatch},
				Answer:      rest.Answer{Status: http.StatusOK},
				Errors:      append(denied, missing, rest.PreconditionFailed("")),
			},
			http.MethodPatch: {
				Handle:      func(r *rest.Request) error { return s.update(r, true) },
				Summary:     "Change some fields of " + s.one(),
				Description: "A field that is left out keeps its value.",
				Headers:     []rest.Field{rest.IfMatch},
				Answer:      rest.Answer{Status: http.StatusOK},
				Errors:      append(denied, missing, rest.PreconditionFailed("")),
			},
			http.MethodDelete: {
				Handle:      s.destroy,
				Summary:     "Delete " + s.one(),
				Description: s.deletionDescription(),
				Headers:     []rest.Field{rest.IfMatch},
				Answer:      rest.Answer{Status: http.StatusNoContent},
				Errors:      append(denied, missing, rest.PreconditionFailed("")),
			},
		},
		Changeable: s.changeable,
	})
}
