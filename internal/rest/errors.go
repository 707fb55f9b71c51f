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

// NonFieldErrors is the key of messages about no single field, like DRF's
// NON_FIELD_ERRORS_KEY.
const NonFieldErrors = "non_field_errors"

// Error is an error with an HTTP response, like DRF's APIException. It is the
// only kind of error whose content reaches clients.
type Error struct {
	// Status is the HTTP status code.
	Status int
	// Body is rendered as JSON.
	Body any
	// Header has additional response headers.
	Header map[string]string
}

// Error returns the body as the JSON that clients receive.
func (e *Error) Error() string {
	body, err := encode(e.Body)
	if err != nil {
		return http.StatusText(e.Status)
	}
	return string(body)
}

// Detail is the body of errors that are not about fields.
type Detail struct {
	Detail string `json:"detail"`
	Code   string `json:"code,omitempty"`
}

func newError(status int, detail string) *Error {
	return &Error{Status: status, Body: Detail{Detail: detail}}
}

// ParseError returns a 400 for a malformed request.
func ParseError(detail string) *Error {
	return newError(http.StatusBadRequest, detail)
}

// NotAuthenticated returns a 401 for a request without credentials.
func NotAuthenticated() *Error {
	return newError(http.StatusUnauthorized, "Authentication credentials were not provided.")
}

// AuthenticationFailed returns a 401 for invalid credentials.
func AuthenticationFailed(body any) *Error {
	return &Error{Status: http.StatusUnauthorized, Body: body}
}

// PermissionDenied returns a 403 for a caller who lacks permission.
func PermissionDenied() *Error {
	return newError(http.StatusForbidden, "You do not have permission to perform this action.")
}

// NotFound returns a 404. An empty detail stands for DRF's default.
func NotFound(detail string) *Error {
	if detail == "" {
		detail = "Not found."
	}
	return newError(http.StatusNotFound, detail)
}

// NotFoundModel returns the 404 of Django's get_object_or_404, for ids that do
// not exist or that the caller may not see.
func NotFoundModel(model string) *Error {
	return NotFound("No " + model + " matches the given query.")
}

// MethodNotAllowed returns a 405 for a method that the view lacks.
func MethodNotAllowed(method string) *Error {
	return newError(http.StatusMethodNotAllowed, fmt.Sprintf("Method %q not allowed.", method))
}

// NotAcceptable returns a 406 for an Accept header that no renderer satisfies.
func NotAcceptable(detail string) *Error {
	return newError(http.StatusNotAcceptable, detail)
}

// RequestTimeout returns a 408 for a body that did not arrive in time.
func RequestTimeout() *Error {
	return newError(http.StatusRequestTimeout, "The request body did not arrive in time.")
}

// RequestTooLarge returns a 413 for a body over the limit.
func RequestTooLarge() *Error {
	return newError(http.StatusRequestEntityTooLarge, "Request body is too large.")
}

// UnsupportedMediaType returns a 415 for a body that no parser accepts.
func UnsupportedMediaType(mediaType string) *Error {
	return newError(http.StatusUnsupportedMediaType, fmt.Sprintf("Unsupported media type \"%s\" in request.", mediaType))
}

// Throttled returns a 429. wait is in seconds, 0 if unknown.
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

// ServerError returns a 500 that reveals nothing of its cause.
func ServerError() *Error {
	return newError(http.StatusInternalServerError, "A server error occurred.")
}

// Unavailable returns a 503 for what the server temporarily cannot do.
func Unavailable(detail string) *Error {
	return newError(http.StatusServiceUnavailable, detail)
}

// InsufficientStorage returns a 507 for a full disk.
func InsufficientStorage(detail string) *Error {
	return newError(http.StatusInsufficientStorage, detail)
}

// FieldErrors are the messages of each invalid field in order of declaration,
// like the detail of DRF's ValidationError.
type FieldErrors = Object[[]string]

// ValidationError returns a 400 with the messages of each invalid field.
func ValidationError(fields FieldErrors) *Error {
	return &Error{Status: http.StatusBadRequest, Body: fields}
}

// invalid returns a 400 with what is wrong with each field: messages, or messages by
// part.
func invalid(fields Object[any]) *Error {
	var plain FieldErrors
	for _, field := range fields {
		messages, isPlain := field.Value.([]string)
		if !isPlain {
			return &Error{Status: http.StatusBadRequest, Body: fields}
		}
		plain = append(plain, Entry[[]string]{Key: field.Key, Value: messages})
	}
	return ValidationError(plain)
}

// FieldInvalid returns the ValidationError of a single field.
func FieldInvalid(field string, messages ...string) *Error {
	return ValidationError(FieldErrors{{Key: field, Value: messages}})
}

// toError maps any error to an *Error. Errors that are neither an *Error nor one
// of PocketBase's API errors become a 500 without detail.
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
		return Unavailable(refusal.Message) // conflicts are temporary as well
	}
	if refusal := Outdated(e.App, err); refusal != nil {
		return Unavailable(refusal.Message)
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

// throttleWindow returns how many seconds the caller has to wait: the response's
// Retry-After, or the window of the matching PocketBase rate limit rule, which is
// an upper bound.
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
