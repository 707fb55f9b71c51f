// Package clients tests what clients make of Carebase: PocketBase's official JavaScript
// SDK, the Postman collection in newman, and what public generators and validators make
// of the OpenAPI document. The Go tests start a server; the scripts use it.
package clients
