package server

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
)

// bodyKey is where a request has what its guards have decoded of its body.
const bodyKey = "carebase.server.body"

// body is what guards look at in a request's body, decoded by PocketBase's rules:
// a struct's keys match without regard to case, a record's keys to the letter,
// and of duplicate keys the last one counts.
type body struct {
	// Records are the fields of each record that the request writes.
	Records []map[string]any
	// Form are the fields of PocketBase's forms at the doors of accounts.
	Form accountForm
}

// accountForm has the fields of PocketBase's forms at the doors of accounts.
type accountForm struct {
	Email    string `json:"email" form:"email"`
	NewEmail string `json:"newEmail" form:"newEmail"`
	OTPID    string `json:"otpId" form:"otpId"`
	Token    string `json:"token" form:"token"`
	Password string `json:"password" form:"password"`
}

// batchForm has the fields of PocketBase's own.
type batchForm struct {
	Requests []*core.InternalRequest `json:"requests" form:"requests"`
}

// bodyOf returns what the body of a request says, decoded once. A body that
// cannot be read is empty here; its own reader answers for it.
func bodyOf(e *core.RequestEvent) *body {
	if decoded, ok := e.Get(bodyKey).(*body); ok {
		return decoded
	}
	decoded := decodeBody(e)
	e.Set(bodyKey, decoded)
	return decoded
}

func decodeBody(e *core.RequestEvent) *body {
	decoded := new(body)
	switch endpoint.Of(e.Request) {
	case endpoint.Batch:
		var batch batchForm
		if e.BindBody(&batch) != nil {
			return new(body)
		}
		for _, request := range batch.Requests {
			if request != nil {
				decoded.Records = append(decoded.Records, request.Body)
			}
		}
	case endpoint.CreateRecord, endpoint.UpdateRecord:
		// PocketBase itself keeps and reads this one.
		if info, err := e.RequestInfo(); err == nil {
			decoded.Records = []map[string]any{info.Body}
		}
	default:
		if e.BindBody(&decoded.Form) != nil {
			return new(body)
		}
	}
	return decoded
}

// names reports whether any of the records has a field.
func (b *body) names(field string) bool {
	for _, record := range b.Records {
		if _, found := record[field]; found {
			return true
		}
	}
	return false
}
