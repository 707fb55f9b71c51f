package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
	"carebase/internal/recent"
)

// source says where an event comes from.
type source struct {
	agent                        Agent
	rawToken, address, requestID string
	door                         Door
}

// request is a request with what its events have in common and what it has read.
type request struct {
	*core.RequestEvent
	method, id string
	reading    reading
	// connection is the source of what is sent on a realtime connection, once something was.
	connection *source
}

// requestKey is the key of the request in a request event.
const requestKey = "carebase.audit.request"

// RequestID returns the id of a request in the audit trail.
func RequestID(e *core.RequestEvent) string {
	if known, ok := e.Get(requestKey).(*request); ok {
		return known.requestID()
	}
	return ""
}

func (r *request) requestID() string {
	if r.id == "" {
		r.id = newRequestID()
	}
	return r.id
}

func newRequestID() string { return strconv.FormatUint(rand.Uint64()|1<<63, 16) }

// source returns the request's source as known now: there is no caller before
// authentication.
func (r *request) source() source {
	token := bearer(r.Request.Header.Get("Authorization"))
	agent := AgentOf(r.Auth)
	if r.Auth != nil { // the token is verified
		agent.Impersonator = impersonator(token)
	}
	return source{agent: agent, rawToken: token, address: shortened(r.RealIP(), maxText), requestID: r.requestID(), door: r.door()}
}

// sourceOf returns the source of a request's events. Requests in a batch have the
// batch's.
func sourceOf(e *core.RequestEvent) source {
	if known, ok := e.Get(requestKey).(*request); ok {
		return known.source()
	}
	return (&request{RequestEvent: e}).source()
}

// native are the paths of PocketBase's endpoints.
var native = []string{"/api/collections", "/api/files", "/api/backups", "/api/logs", "/api/settings", "/api/crons", "/api/oauth2-redirect"}

func (r *request) door() Door {
	switch endpoint.Of(r.Request) {
	case endpoint.Batch:
		return Batch
	case endpoint.Connect, endpoint.Subscribe:
		return Realtime
	case endpoint.SQL:
		return SQL
	}
	switch {
	case r.HasSuperuserAuth():
		return Dashboard
	case slices.ContainsFunc(native, func(path string) bool { return endpoint.IsBelow(r.Request, path) }):
		return Native
	}
	return REST
}

// bearer returns the token in the header Authorization, whatever its scheme's case.
func bearer(header string) string {
	fields := strings.Fields(header)
	if len(fields) == 0 {
		return ""
	}
	return fields[len(fields)-1]
}

// claims are those of a token that events show.
type claims struct {
	ID string `json:"jti"`
	// Impersonator is the superuser whom an account's token was issued to.
	Impersonator string `json:"imp"`
}

// maxClaim is the maximum length of a claim in an event.
const maxClaim = 64

// knownClaims are the claims of tokens that were used lately.
var knownClaims = recent.NewCache[claims](4000)

// claimsOf returns the claims of a token without verifying it.
func claimsOf(raw string) claims {
	if known, found := knownClaims.Get(raw); found {
		return known
	}
	found := readClaims(raw)
	if len(raw) <= maxKnownToken {
		knownClaims.Put(strings.Clone(raw), found) // not the whole header
	}
	return found
}

// maxKnownToken is the length of the longest token whose claims are kept.
const maxKnownToken = 2048

func readClaims(raw string) claims {
	var found claims
	if parts := strings.Split(raw, "."); len(parts) == 3 {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || json.Unmarshal(payload, &found) != nil {
			return claims{}
		}
	}
	return found
}

// impersonator returns the superuser to whom a verified token was issued, if it
// was issued for an impersonation.
func impersonator(raw string) string {
	id := claimsOf(raw).Impersonator
	return id[:min(len(id), maxClaim)]
}

// TokenID returns the id of a token: its claim jti or, for PocketBase's tokens,
// which have none, the beginning of its SHA-256.
func TokenID(raw string) string {
	if raw == "" {
		return ""
	}
	if id := claimsOf(raw).ID; id != "" && len(id) <= maxClaim {
		return id
	}
	digest := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(digest[:16])
}

// process returns the source of events without a request.
var process = sync.OnceValue(func() source {
	operator := Agent{Type: Operator}
	if account, err := user.Current(); err == nil {
		operator.ID = account.Username
	}
	return source{agent: operator, door: Command, requestID: newRequestID()}
})
