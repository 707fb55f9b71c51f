package rest

import "net/http"

// IfMatch is the request header with which a client changes nothing unseen, as
// RFC 9110 has it.
var IfMatch = Field{
	Name: "If-Match", Label: "If-Match", Type: String,
	Description: "Tags (ETag) of the representation that is to be changed. If the object is another by now, the answer is 412 with its ETag.",
	Example:     `"0mIXAS7yPYu8Ra1hBqYc2A_K"`,
}

// IdempotencyKey is the request header with which a client can send a POST again.
var IdempotencyKey = Field{
	Name: "Idempotency-Key", Label: "Idempotency-Key", Type: String, MaxLength: 255,
	Description: "A text that the client uses once. The same request with the same key within a day gets the same answer again, " +
		"with `Idempotency-Replayed: true`; another body gets 422, and a request that is still under way 409.",
	Example: "7f0b8f7e-5d0c-4a53-9d1c-3d2f0a2c1f57",
}

// PreconditionFailed is the 412 of a representation that is not the one that
// If-Match names. The tag is that of the current one.
func PreconditionFailed(tag string) *Error {
	err := newError(http.StatusPreconditionFailed, "The object has changed since it was read.")
	err.Header = map[string]string{"ETag": tag}
	return err
}

// Conflict is the 409 of a request that meets another one.
func Conflict(detail string) *Error { return newError(http.StatusConflict, detail) }

// UnprocessableContent is the 422 of an Idempotency-Key that had another body.
func UnprocessableContent(detail string) *Error {
	return newError(http.StatusUnprocessableEntity, detail)
}
