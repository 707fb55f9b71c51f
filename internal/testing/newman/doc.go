// Package newman has Postman's own runner send the collection to a server,
// from top to bottom, and has the OpenAPI document judged by the specification's
// own schema.
package newman
