package openapi

import (
	"net/http"
	"slices"

	"carebase/internal/rest"
)

// common describes the headers of every response, except those of HTTP itself such as
// Content-Length.
var common = rest.Object[Header]{
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
	header("Access-Control-Expose-Headers", false, &Schema{Type: "string"}, "For pages of other origins: the headers that scripts may read."),
	header("Allow", false, &Schema{Type: "string"}, "The methods of the path."),
	header("ETag", false, &Schema{Type: "string"}, "The current tag of the object that the request is about, for If-Match."),
}

// particular describes the headers of some responses.
var particular = rest.Object[Header]{
	header("WWW-Authenticate", true, &Schema{Type: "string", Const: `Bearer realm="api"`}, "How to authenticate."),
	header("Content-Disposition", false, &Schema{Type: "string"}, "The name of the file that the answer is."),
	header("Idempotency-Replayed", false, &Schema{Type: "string", Const: "true"}, "The same request did this before."),
	header("Retry-After", false, &Schema{Type: "integer", Minimum: 1}, "How many seconds to wait before the next request."),
}

func header(name string, required bool, schema *Schema, description string) rest.Entry[Header] {
	return rest.Entry[Header]{Key: name, Value: Header{Description: description, Required: required, Schema: schema}}
}

const headersPath = "#/components/headers/"

// statusesOf are the statuses of the responses with a particular header.
var statusesOf = map[string][]int{
	"WWW-Authenticate":     {http.StatusUnauthorized},
	"Retry-After":          {http.StatusTooManyRequests},
	"Content-Disposition":  {http.StatusOK},
	"Idempotency-Replayed": {http.StatusCreated},
}

// headersOf returns the particular headers of a response.
func headersOf(status int) rest.Object[Header] {
	var some rest.Object[Header]
	for _, entry := range particular {
		if slices.Contains(statusesOf[entry.Key], status) {
			some = append(some, rest.Entry[Header]{Key: entry.Key, Value: Header{Ref: headersPath + entry.Key}})
		}
	}
	return some
}

// errorHeaders returns the particular headers of errors of any status.
func errorHeaders() rest.Object[Header] {
	var some rest.Object[Header]
	for _, entry := range particular {
		if statusesOf[entry.Key][0] >= http.StatusBadRequest {
			if entry.Value.Required {
				entry.Value.Required = false
			} else {
				entry.Value = Header{Ref: headersPath + entry.Key}
			}
			some = append(some, entry)
		}
	}
	return some
}
