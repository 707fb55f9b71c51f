package routes

import (
	"database/sql"
	"errors"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/hidden"
	"carebase/internal/query"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// viewQuery reads one object with its tag: by its id, and its owner unless every user
// may read it.
type viewQuery struct {
	*selection
	collection *core.Collection
	text       string
	// owned is set if the second argument of the query is the owner.
	owned bool
	// join reads the same together with the caller; nil while rows are hidden.
	join *simplejwt.Join
}

func (s *resource) viewQuery(app core.App) (*viewQuery, error) {
	collection, err := app.FindCachedCollectionByNameOrId(s.collection.Name)
	if err != nil {
		return nil, err
	}
	hides := s.hides(app)
	if known := s.viewed.Load(); known != nil && known.collection == collection && !hides {
		return known, nil
	}
	condition := "[[id]] = {:id}"
	if !s.readableByAll {
		condition += " AND [[" + s.collection.Owner + "]] = {:owner}"
	}
	selected := s.selection().withTag(collection).within(collection)
	text, _, err := query.Select{Table: s.collection.Name, Columns: selected.columns, Where: dbx.NewExp(condition)}.Build(app)
	made := &viewQuery{selection: selected, collection: collection, text: text, owned: !s.readableByAll}
	if err == nil && !hides {
		made.join = simplejwt.NewJoin(s.collection.Name, selected.columns, s.viewOwner())
		s.viewed.Store(made)
	}
	return made, err
}

// viewOwner is the column by which a row belongs to who may view it; empty if
// everybody may.
func (s *resource) viewOwner() string {
	if s.readableByAll {
		return ""
	}
	return s.collection.Owner
}

// readAhead has the object at the path read together with the caller.
func (s *resource) readAhead(e *core.RequestEvent) {
	now, err := s.now(e.App)
	if err != nil {
		return
	}
	if viewed, err := now.viewQuery(e.App); err == nil && viewed.join != nil {
		viewed.join.Request(e, e.Request.PathValue("id"))
	}
}

// read returns the values of the viewed row, nil if the caller has no such row.
func (q *viewQuery) read(r *rest.Request, id string) ([]any, error) {
	if q.join != nil {
		if values, wasRead := q.join.Row(r.RequestEvent, id); wasRead {
			return values, nil
		}
	}
	arguments := []any{id}
	if q.owned {
		arguments = append(arguments, r.Auth.Id)
	}
	scanner := q.scanner()
	err := query.First(r.Request.Context(), r.App, q.text, arguments, scanner.destinations)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return scanner.values, err
}

// hides reports whether rows of the resource are deleted but not removed yet.
func (s *resource) hides(app core.App) bool {
	pool, ok := app.ConcurrentDB().(*dbx.DB)
	return ok && hidden.Any(pool.DB(), s.collection.Name)
}
