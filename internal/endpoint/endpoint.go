// Package endpoint tells which endpoint a request has reached, by the pattern of
// its route, so that nothing takes paths apart again.
package endpoint

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
)

// Endpoints of PocketBase, as Of returns them.
const (
	Batch         = "POST /api/batch"
	Connect       = "GET /api/realtime"
	Subscribe     = "POST /api/realtime"
	SQL           = "POST /api/sql"
	DryRunView    = "POST /api/collections/meta/dry-run-view"
	CreateRecord  = "POST /api/collections/{collection}/records"
	UpdateRecord  = "PATCH /api/collections/{collection}/records/{id}"
	DeleteRecord  = "DELETE /api/collections/{collection}/records/{id}"
	Impersonate   = "POST /api/collections/{collection}/impersonate/{id}"
	ConfirmReset  = "POST /api/collections/{collection}/confirm-password-reset"
	OAuth2        = "GET /api/oauth2-redirect"
	OAuth2ByPOST  = "POST /api/oauth2-redirect"
	WithPassword  = "POST /api/collections/{collection}/auth-with-password"
	WithOTP       = "POST /api/collections/{collection}/auth-with-otp"
	WithOAuth2    = "POST /api/collections/{collection}/auth-with-oauth2"
	AuthRefresh   = "POST /api/collections/{collection}/auth-refresh"
	RequestOTP    = "POST /api/collections/{collection}/request-otp"
	RequestReset  = "POST /api/collections/{collection}/request-password-reset"
	RequestVerify = "POST /api/collections/{collection}/request-verification"
	ConfirmVerify = "POST /api/collections/{collection}/confirm-verification"
	RequestEmail  = "POST /api/collections/{collection}/request-email-change"
	ConfirmEmail  = "POST /api/collections/{collection}/confirm-email-change"
)

// accountDoors are PocketBase's endpoints that people sign in by, or that lead
// there.
var accountDoors = map[string]bool{
	WithPassword: true, WithOTP: true, WithOAuth2: true, AuthRefresh: true, Impersonate: true, RequestOTP: true,
	RequestReset: true, ConfirmReset: true, RequestVerify: true, ConfirmVerify: true, RequestEmail: true, ConfirmEmail: true,
}

// definitions are the endpoints that change collections.
var definitions = map[string]bool{
	"POST /api/collections": true, "PATCH /api/collections/{collection}": true, "DELETE /api/collections/{collection}": true,
	"DELETE /api/collections/{collection}/truncate": true, "PUT /api/collections/import": true,
}

// Refreshes are the paths of the documented API's token refreshes, as Path returns them.
var Refreshes = [...]string{"/api/token/refresh", "/api/auth/token/refresh"}

// Of returns the endpoint that a request has reached: the method and the path of
// its route, such as "POST /api/batch". A route for all methods has the request's;
// one for GET serves HEAD, too. Both forms of a path, with and without a slash at
// the end, are one endpoint.
func Of(request *http.Request) string {
	method, _, found := strings.Cut(request.Pattern, " ")
	if !found {
		method = request.Method
	}
	return method + " " + Path(request)
}

// Path returns the path of the route that a request has reached, without a slash
// at the end: "/api/patients/{id}". It is empty for the root and for a request
// that has reached no route yet.
func Path(request *http.Request) string {
	_, path, found := strings.Cut(request.Pattern, " ")
	if !found {
		path = request.Pattern
	}
	return strings.TrimSuffix(strings.TrimSuffix(path, "{$}"), "/")
}

// IsProbe reports whether a request asks whether the server lives, or is ready.
func IsProbe(request *http.Request) bool {
	path := Path(request)
	return path == "/healthz" || path == "/readyz"
}

// IsBelow reports whether a request's route is a path or below it.
func IsBelow(request *http.Request, path string) bool {
	rest, found := strings.CutPrefix(Path(request), path)
	return found && (rest == "" || rest[0] == '/')
}

// IsAccountDoor reports whether people sign in by a request's endpoint, or get
// there by it. The path's value "collection" names the accounts.
func IsAccountDoor(request *http.Request) bool { return accountDoors[Of(request)] }

// IsDefinition reports whether a request changes collections.
func IsDefinition(request *http.Request) bool { return definitions[Of(request)] }

// IsRecords reports whether a request is for records of the collection that the
// path's value "collection" names.
func IsRecords(request *http.Request) bool {
	return IsBelow(request, "/api/collections/{collection}/records")
}

// RecordsPath reads the path of one request in a batch, as PocketBase's batch
// does: the collection's name or id, and the record's id if the path has one.
func RecordsPath(path string) (collection, id string, found bool) {
	for pattern := range apis.ValidBatchActions {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			match := pattern.FindStringSubmatch(method + " " + path)
			if match == nil {
				continue
			}
			if i := pattern.SubexpIndex("id"); i >= 0 {
				id = match[i]
			}
			return match[pattern.SubexpIndex("collection")], id, true
		}
	}
	return "", "", false
}
