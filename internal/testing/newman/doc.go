// Package newman runs the Postman collection with newman, Postman's runner,
// validates the OpenAPI document against the specification's schema, and generates
// from it the types of the console's scripts.
package newman
