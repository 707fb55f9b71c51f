package routes

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/etag"
	"carebase/internal/idempotency"
	"carebase/internal/rest"
)

// setTag names the tag of a stored object in the answer.
func (s *resource) setTag(r *rest.Request, app core.App, id string) error {
	collection, err := app.FindCachedCollectionByNameOrId(s.collection.Name)
	if err != nil {
		return err
	}
	tag, err := etag.Of(r.Request.Context(), app, collection, id)
	if err != nil {
		return err
	}
	r.Response.Header().Set("ETag", tag)
	return nil
}

// checkStored is checkTag for an object that is to be changed.
func (s *resource) checkStored(r *rest.Request, app core.App, id string) error {
	if !etag.IsAsked(r.Request) {
		return nil
	}
	if err := s.setTag(r, app, id); err != nil {
		return err
	}
	return checkTag(r, r.Response.Header().Get("ETag"))
}

// checkTag names an object's tag in the answer, which is a 412 if the request's
// If-Match names another one.
func checkTag(r *rest.Request, tag string) error {
	r.Response.Header().Set("ETag", tag)
	if etag.Check(r.Request, tag) != nil {
		return rest.PreconditionFailed(tag)
	}
	return nil
}

// tagKey is what lists call the tag of an object, if ?etag=true asks for it.
const tagKey = "etag"

var tagQuery = rest.Field{
	Name: tagKey, Type: rest.Boolean, Example: true,
	Description: "Whether each object has its tag for If-Match as `etag`.",
}

// wantsTags reports whether a list is to have its objects' tags.
func wantsTags(r *rest.Request) bool {
	asked := r.Request.URL.Query().Get(tagKey)
	return asked == "true" || asked == "1"
}

// beginIdempotent begins a request that may have an Idempotency-Key.
func beginIdempotent(r *rest.Request, endpoint string) (*idempotency.Key, func(), error) {
	key, end, err := idempotency.Begin(r.Request, r.Auth.Id, "POST "+endpoint)
	return key, end, idempotencyError(err)
}

// idempotencyError gives what package idempotency refuses its HTTP meaning.
func idempotencyError(err error) error {
	switch {
	case errors.Is(err, idempotency.ErrInvalid):
		return rest.ParseError("Ensure that the Idempotency-Key has no more than 255 characters.")
	case errors.Is(err, idempotency.ErrUnderWay):
		return rest.Conflict("A request with this Idempotency-Key is still under way.")
	case errors.Is(err, idempotency.ErrOtherBody):
		return rest.UnprocessableContent("This Idempotency-Key was used with another body.")
	}
	return err
}

// idempotencyErrors are what a request with an Idempotency-Key can be refused with.
func idempotencyErrors() []*rest.Error {
	return []*rest.Error{
		rest.Conflict("A request with this Idempotency-Key is still under way."),
		rest.UnprocessableContent("This Idempotency-Key was used with another body."),
	}
}

// replay answers with the object that the same request created before.
func (s *resource) replay(r *rest.Request, id string) error {
	record, err := s.findOwned(r, r.App, id)
	if err != nil {
		return err
	}
	if err := s.setTag(r, r.App, id); err != nil {
		return err
	}
	r.Response.Header().Set(idempotency.Replayed, "true")
	return r.Respond(http.StatusCreated, s.representation(record))
}
