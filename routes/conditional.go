package routes

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/etag"
	"carebase/internal/idempotency"
	"carebase/internal/rest"
)

// setTag sets the ETag header to the tag of a stored object.
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

// checkStored calls checkTag with the tag of a stored object, if the request
// has an If-Match header.
func (s *resource) checkStored(r *rest.Request, app core.App, id string) error {
	if !etag.IsAsked(r.Request) {
		return nil
	}
	if err := s.setTag(r, app, id); err != nil {
		return err
	}
	return checkTag(r, r.Response.Header().Get("ETag"))
}

// checkTag sets the ETag header and returns a 412 if the request's If-Match
// does not match the tag.
func checkTag(r *rest.Request, tag string) error {
	r.Response.Header().Set("ETag", tag)
	if etag.Check(r.Request, tag) != nil {
		return rest.PreconditionFailed(tag)
	}
	return nil
}

// tagKey is the query parameter that adds tags to a list, and the key of the
// tag in each of its objects.
const tagKey = "etag"

var tagQuery = rest.Field{
	Name: tagKey, Type: rest.Boolean, Example: true,
	Description: "Whether each object has its tag for If-Match as `etag`.",
}

// wantsTags reports whether the request asks for the tags of a list's objects.
func wantsTags(r *rest.Request) bool {
	asked := r.Request.URL.Query().Get(tagKey)
	return asked == "true" || asked == "1"
}

// beginIdempotent starts a request that may have an Idempotency-Key; the key is
// nil if it has none. The caller must call the returned function at the end of
// the request.
func beginIdempotent(r *rest.Request, endpoint string) (*idempotency.Key, func(), error) {
	key, end, err := idempotency.Begin(r.Request, r.Auth.Id, r.Auth.Id, "POST "+endpoint)
	return key, end, idempotencyError(err)
}

// idempotencyError maps the errors of package idempotency to API errors.
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

// idempotencyErrors returns the errors that only requests with an
// Idempotency-Key get.
func idempotencyErrors() []*rest.Error {
	return []*rest.Error{
		rest.Conflict("A request with this Idempotency-Key is still under way."),
		rest.UnprocessableContent("This Idempotency-Key was used with another body."),
	}
}

// replay responds with the object that the original request created.
func (s *resource) replay(r *rest.Request, id string) error {
	row, found, err := s.stored(r, id)
	switch {
	case err != nil:
		return err
	case !found:
		return rest.NotFoundModel(s.Model)
	}
	r.Response.Header().Set("ETag", row.tag())
	r.Response.Header().Set(idempotency.Replayed, "true")
	return r.Respond(http.StatusCreated, row)
}
