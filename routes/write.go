package routes

import (
	"encoding/json"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deletion"
	"carebase/internal/rest"
)

func (s *resource) create(r *rest.Request) error {
	key, end, err := beginIdempotent(r, s.collection.Name)
	if err != nil {
		return err
	}
	defer end()
	values, err := r.Validated(false)
	if err != nil {
		return err
	}
	var body []byte
	if key != nil {
		if body, err = json.Marshal(values); err != nil {
			return err
		}
	}
	collection, err := r.App.FindCachedCollectionByNameOrId(s.collection.Name)
	if err != nil {
		return err
	}
	record := core.NewRecord(collection)
	record.Set(s.collection.Owner, r.Auth.Id)
	var replayed string
	err = s.inTransaction(r, key != nil, func(app core.App) error {
		done, err := key.Find(r.Request.Context(), app, body)
		if err != nil {
			return idempotencyError(err)
		}
		if done != nil {
			replayed = done.Record
			return nil
		}
		if err := s.save(r, app, record, values); err != nil {
			return err
		}
		return key.Keep(r.Request.Context(), app, http.StatusCreated, record.Id)
	})
	switch {
	case err != nil:
		return err
	case replayed != "":
		return s.replay(r, replayed)
	}
	return s.respondCreated(r, record)
}

// respondCreated answers with a record that was just created. Others may have changed it
// since: its representation and its tag are those of one row. One that is gone has no tag.
func (s *resource) respondCreated(r *rest.Request, record *core.Record) error {
	row, found, err := s.stored(r, record.Id)
	switch {
	case err != nil:
		return err
	case !found:
		return s.respond(r, http.StatusCreated, record)
	}
	r.Response.Header().Set("ETag", row.tag())
	return r.Respond(http.StatusCreated, row)
}

// respond answers with a record that was just written.
func (s *resource) respond(r *rest.Request, status int, record *core.Record) error {
	object, err := s.representation(r, record)
	if err != nil {
		return err
	}
	return r.Respond(status, object)
}

// inTransaction runs work, in a transaction if it makes several writes.
func (s *resource) inTransaction(r *rest.Request, several bool, work func(app core.App) error) error {
	if !several {
		return work(r.App)
	}
	return r.App.RunInTransaction(work)
}

func (s *resource) update(r *rest.Request, partial bool) error {
	// The body is read outside the transaction, which must not wait for a slow
	// client. An object that the caller may not change is refused before its body
	// is read.
	if err := s.mayChange(r); err != nil {
		return s.denied(r, err)
	}
	if err := s.checkStored(r, r.App, r.Request.PathValue("id")); err != nil {
		return err
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
		if err := s.checkStored(r, txApp, record.Id); err != nil {
			return err
		}
		record.IgnoreUnchangedFields(true) // whose indexes stay as they are
		if err := s.save(r, txApp, record, values); err != nil {
			return err
		}
		return s.setTag(r, txApp, record.Id)
	})
	if err != nil {
		return err
	}
	return s.respond(r, http.StatusOK, record)
}

func (s *resource) destroy(r *rest.Request) error {
	end, err := s.lookBeforeDeletion(r)
	if err != nil {
		return s.denied(r, err)
	}
	defer end()
	err = r.App.RunInTransaction(func(txApp core.App) error {
		record, err := s.findForChange(r, txApp)
		if err != nil {
			return err
		}
		if err := s.checkStored(r, txApp, record.Id); err != nil {
			return err
		}
		return txApp.DeleteWithContext(r.Request.Context(), record)
	})
	if err != nil {
		return s.denied(r, err)
	}
	r.Response.Header().Del("ETag")
	return r.NoContent()
}

// save writes through PocketBase, so that hooks and subscriptions see the
// change.
func (s *resource) save(r *rest.Request, app core.App, record *core.Record, values rest.Values) error {
	for name, value := range values {
		if err := set(record, name, value); err != nil {
			return err
		}
	}
	if err := app.SaveWithContext(r.Request.Context(), record); err != nil {
		return saveError(err, s.fields, values, s.duplicate)
	}
	return nil
}

// lookBeforeDeletion looks whether operators' records require what would go with one. What
// it finds counts until the caller calls end.
func (s *resource) lookBeforeDeletion(r *rest.Request) (end func(), err error) {
	collection, err := r.App.FindCachedCollectionByNameOrId(s.collection.Name)
	if err != nil || !deletion.Looks(r.App, collection) {
		return func() {}, err
	}
	record, err := s.findForChange(r, r.App)
	if err != nil {
		return nil, err
	}
	return deletion.Look(r.Request.Context(), r.App, record)
}
