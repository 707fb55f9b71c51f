package openapi

import (
	"net/http"
	"strings"

	"carebase/internal/rest"
)

// headers describes the headers of responses, except those of HTTP itself such as
// Content-Length.
var headers = rest.Object[Header]{
	header("Cache-Control", true, &Schema{Type: "string", Const: "no-store"}, "Responses must not be stored: they may contain health data."),
	header("Vary", true, &Schema{Type: "string"}, "The request headers that the response depends on."),
	header("Content-Security-Policy", true, &Schema{Type: "string"}, "What a browser may load when it shows the response."),
	header("Cross-Origin-Opener-Policy", true, &Schema{Type: "string", Const: "same-origin"}, "Windows of other origins do not share a browsing context with the response."),
	header("Cross-Origin-Resource-Policy", true, &Schema{Type: "string", Const: "same-origin"}, "Pages of other origins may not embed the response."),
	header("Permissions-Policy", true, &Schema{Type: "string"}, "Device features that the response may not use."),
	header("Referrer-Policy", true, &Schema{Type: "string", Const: "same-origin"}, "Other origins receive no referrer."),
	header("X-Content-Type-Options", true, &Schema{Type: "string", Const: "nosniff"}, "Browsers must not guess another media type."),
	header("X-Frame-Options", true, &Schema{Type: "string", Const: "DENY"}, "The response may not be shown in a frame."),
	header("Strict-Transport-Security", false, &Schema{Type: "string"}, "Over TLS: how long browsers must use HTTPS only."),
	header("Access-Control-Allow-Origin", false, &Schema{Type: "string"}, "For pages of other origins: the origin that may read the response."),
	header("Allow", false, &Schema{Type: "string"}, "The methods of the path."),
	header("WWW-Authenticate", true, &Schema{Type: "string", Const: `Bearer realm="api"`}, "How to authenticate."),
	header("ETag", false, &Schema{Type: "string"}, "The current tag of the object, for If-Match."),
	header("Idempotency-Replayed", false, &Schema{Type: "string", Const: "true"}, "The same request created this object before."),
	header("Retry-After", false, &Schema{Type: "integer", Minimum: 1}, "How many seconds to wait before the next request."),
}

func header(name string, required bool, schema *Schema, description string) rest.Entry[Header] {
	return rest.Entry[Header]{Key: name, Value: Header{Description: description, Required: required, Schema: schema}}
}

// particularHeaders maps headers that occur with one status only to that status.
var particularHeaders = map[string]int{"WWW-Authenticate": http.StatusUnauthorized, "Retry-After": http.StatusTooManyRequests}

// headersOf returns the headers of a response. Responses of a view list its
// methods in Allow; view is nil for errors raised outside views.
func headersOf(status int, view *rest.View) rest.Object[Header] {
	var some rest.Object[Header]
	for _, entry := range headers {
		name := entry.Key
		if only, found := particularHeaders[name]; found && only != status {
			continue
		}
		value := Header{Ref: "#/components/headers/" + name}
		if name == "Allow" && view != nil {
			value = Header{
				Description: entry.Value.Description, Required: true,
				Schema: &Schema{Type: "string", Const: strings.Join(view.Allowed(), ", ")},
			}
		}
		some = append(some, rest.Entry[Header]{Key: name, Value: value})
	}
	return some
}
