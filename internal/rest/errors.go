package rest

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/dberror"
)

// NonFieldErrors is the key of messages that belong to no single field, as
// DRF's NON_FIELD_ERRORS_KEY.
const NonFieldErrors = "non_field_errors"

// Error is a failure with an HTTP meaning, as DRF's APIException. It is the
// only kind of error whose content reaches a client.
type Error struct {
	// Status is the HTTP status code.
	Status int
	// Body is rendered as JSON.
	Body any
	// Header holds additional response headers.
	Header map[string]string
}

// Error makes it an error; the text is the JSON that the client receives.
func (e *Error) Error() string {
	body, err := encode(e.Body)
	if err != nil {
		return http.StatusText(e.Status)
	}
	return string(body)
}

// Detail is the body of every error that is not about fields.
type Detail struct {
	Detail string `json:"detail"`
	Code   string `json:"code,omitempty"`
}

func newError(status int, detail string) *Error {
	return &Error{Status: status, Body: Detail{Detail: detail}}
}

// ParseError is the 400 of a body that could not be read.
func ParseError(detail string) *Error {
	return newError(http.StatusBadRequest, detail)
}

// NotAuthenticated is the 401 of a request without credentials.
func NotAuthenticated() *Error {
	return newError(http.StatusUnauthorized, "Authentication credentials were not provided.")
}

// AuthenticationFailed is the 401 of credentials that are wrong.
func AuthenticationFailed(body any) *Error {
	return &Error{Status: http.StatusUnauthorized, Body: body}
}

// PermissionDenied is the 403 of a caller who may see but not do.
func PermissionDenied() *Error {
	return newError(http.StatusForbidden, "You do not have permission to perform this action.")
}

// NotFound is the 404 of a path that names nothing. An empty detail stands
// for DRF's default.
func NotFound(detail string) *Error {
	if detail == "" {
		detail = "Not found."
	}
	return newError(http.StatusNotFound, detail)
}

// NotFoundModel is the 404 of an id that the caller may not know to exist, as
// Django's get_object_or_404.
func NotFoundModel(model string) *Error {
	return NotFound("No " + model + " matches the given query.")
}

// MethodNotAllowed is the 405 of a method that the path does not have.
func MethodNotAllowed(method string) *Error {
	return newError(http.StatusMethodNotAllowed, fmt.Sprintf("Method %q not allowed.", method))
}

// NotAcceptable is the 406 of an Accept header or format that no renderer
// satisfies.
func NotAcceptable(detail string) *Error {
	return newError(http.StatusNotAcceptable, detail)
}

// RequestTimeout is the 408 of a body that stopped arriving.
func RequestTimeout() *Error {
	return newError(http.StatusRequestTimeout, "The request body did not arrive in time.")
}

// RequestTooLarge is the 413 of a body over the limit.
func RequestTooLarge() *Error {
	return newError(http.StatusRequestEntityTooLarge, "Request body is too large.")
}

// UnsupportedMediaType is the 415 of a body that no parser reads.
func UnsupportedMediaType(mediaType string) *Error {
	return newError(http.StatusUnsupportedMediaType, fmt.Sprintf("Unsupported media type \"%s\" in request.", mediaType))
}

// Throttled is the 429 of too many requests; wait is in seconds, 0 if unknown.
func Throttled(wait float64) *Error {
	if wait <= 0 {
		return newError(http.StatusTooManyRequests, "Request was throttled.")
	}
	seconds := int(math.Ceil(wait))
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	err := newError(http.StatusTooManyRequests, fmt.Sprintf("Request was throttled. Expected available in %d %s.", seconds, unit))
	err.Header = map[string]string{"Retry-After": strconv.Itoa(seconds)}
	return err
}

// ServerError is the 500 that tells nothing about its cause.
func ServerError() *Error {
	return newError(http.StatusInternalServerError, "A server error occurred.")
}

// Unavailable is the 503 of what the server cannot do at the moment.
func Unavailable(detail string) *Error {
	return newError(http.StatusServiceUnavailable, detail)
}

// InsufficientStorage is the 507 of a disk that is full.
func InsufficientStorage(detail string) *Error {
	return newError(http.StatusInsufficientStorage, detail)
}

// FieldErrors are the messages of each wrong field, in the order of the
// fields' declaration, as DRF's ValidationError.
type FieldErrors = Object[[]string]

// ValidationError is the 400 that names what is wrong with each field.
func ValidationError(fields FieldErrors) *Error {
	return &Error{Status: http.StatusBadRequest, Body: fields}
}

// FieldInvalid is the ValidationError of a single field.
func FieldInvalid(field string, messages ...string) *Error {
	return ValidationError(FieldErrors{{Key: field, Value: messages}})
}

// toError gives every error its HTTP meaning. What is not an *Error and not
// one of PocketBase's own refusals is a 500 without detail.
func toError(e *core.RequestEvent, err error) *Error {
	var restError *Error
	if errors.As(err, &restError) {
		return restError
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return RequestTooLarge()
	}
	if refusal := dberror.Refusal(err); refusal != nil {
		if refusal.Status == http.StatusInsufficientStorage {
			return InsufficientStorage(refusal.Message)
		}
		return Unavailable(refusal.Message) // a conflict, too, is over soon
	}
	var apiError *router.ApiError
	if !errors.As(err, &apiError) {
		return ServerError()
	}
	switch apiError.Status {
	case http.StatusBadRequest:
		return ParseError(apiError.Message)
	case http.StatusUnauthorized:
		return NotAuthenticated()
	case http.StatusForbidden:
		return PermissionDenied()
	case http.StatusNotFound:
		return NotFound("")
	case http.StatusRequestEntityTooLarge:
		return RequestTooLarge()
	case http.StatusTooManyRequests:
		return Throttled(throttleWindow(e))
	case http.StatusServiceUnavailable:
		return Unavailable(apiError.Message)
	}
	if apiError.Status >= 400 && apiError.Status < 500 {
		return newError(apiError.Status, apiError.Message)
	}
	return ServerError()
}

// throttleWindow is how long in seconds the caller has to wait: as the response
// says already, or the window of PocketBase's rate limit rule for the request,
// which is the longest that it may be.
func throttleWindow(e *core.RequestEvent) float64 {
	if wait, err := strconv.ParseFloat(e.Response.Header().Get("Retry-After"), 64); err == nil {
		return wait
	}
	labels := []string{e.Request.Method + " " + e.Request.URL.Path, e.Request.URL.Path}
	audience := core.RateLimitRuleAudienceGuest
	if e.Auth != nil {
		audience = core.RateLimitRuleAudienceAuth
	}
	limits := e.App.Settings().RateLimits
	rule, ok := limits.FindRateLimitRule(labels, core.RateLimitRuleAudienceAll, audience)
	if !ok {
		return 0
	}
	return float64(rule.Duration)
}
