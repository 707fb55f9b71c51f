package openapi

import (
	"net/http"
	"strings"

	"carebase/internal/rest"
)

// headers are all that responses have beside those of HTTP itself, such as
// Content-Length.
var headers = rest.Object[Header]{
	header("Cache-Control", true, &Schema{Type: "string", Const: "no-store"}, "Nothing is to be kept: it may be about somebody's health."),
	header("Vary", true, &Schema{Type: "string"}, "The request's headers that the response depends on."),
	header("Content-Security-Policy", true, &Schema{Type: "string"}, "What a browser that shows the response may load."),
	header("Cross-Origin-Opener-Policy", true, &Schema{Type: "string", Const: "same-origin"}, "No other origin's window shares a browsing context with the response."),
	header("Cross-Origin-Resource-Policy", true, &Schema{Type: "string", Const: "same-origin"}, "No other origin's page may embed the response."),
	header("Permissions-Policy", true, &Schema{Type: "string"}, "What of the device the response may not use."),
	header("Referrer-Policy", true, &Schema{Type: "string", Const: "same-origin"}, "No other origin learns addresses."),
	header("X-Content-Type-Options", true, &Schema{Type: "string", Const: "nosniff"}, "The media type is what Content-Type says."),
	header("X-Frame-Options", true, &Schema{Type: "string", Const: "DENY"}, "No page may frame the response."),
	header("Strict-Transport-Security", false, &Schema{Type: "string"}, "Over TLS: for how long browsers use nothing else."),
	header("Access-Control-Allow-Origin", false, &Schema{Type: "string"}, "To a page of another origin: whether it may read the response."),
	header("Allow", false, &Schema{Type: "string"}, "The methods that the path has."),
	header("WWW-Authenticate", true, &Schema{Type: "string", Const: `Bearer realm="api"`}, "How to authenticate."),
	header("ETag", false, &Schema{Type: "string"}, "The tag of the object as it is now, for If-Match."),
	header("Idempotency-Replayed", false, &Schema{Type: "string", Const: "true"}, "The request had been done before; this is its object."),
	header("Retry-After", false, &Schema{Type: "integer", Minimum: new(int64(1))}, "For how many seconds to wait."),
}

func header(name string, required bool, schema *Schema, description string) rest.Entry[Header] {
	return rest.Entry[Header]{Key: name, Value: Header{Description: description, Required: required, Schema: schema}}
}

// particularHeaders are those of one status only.
var particularHeaders = map[string]int{"WWW-Authenticate": http.StatusUnauthorized, "Retry-After": http.StatusTooManyRequests}

// headersOf are the headers of a response. Whatever comes from a view, which the
// answer to an error need not, names the view's methods.
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
