package server

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
)

// bodyKey is the key of a request event under which its *body is stored.
const bodyKey = "carebase.server.body"

// body holds the parts of a request's body that guards look at, decoded by
// PocketBase's rules: the keys of a struct match case-insensitively, those of a
// record exactly, and the last of duplicate keys wins.
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

// bodyOf returns the decoded body of a request. It decodes once; a malformed body is
// empty here, and PocketBase answers for it.
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
