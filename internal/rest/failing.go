package rest

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
)

// checkKey is the request event's key for what OnFailure sets.
const checkKey = "restCheck"

// OnFailure has check called if a request fails by no fault of the client's: if it returns
// an *Error, that is the answer. An account may be deleted during a request of its user.
func OnFailure(e *core.RequestEvent, check func() error) { e.Set(checkKey, check) }

// refusedSince returns the answer to a failed request, which may be refused by now.
func (r *Request) refusedSince(err error, answer *Error) *Error {
	check, isSet := r.Get(checkKey).(func() error)
	if !isSet || answer.Status != http.StatusInternalServerError && !errors.Is(err, dberror.ErrConflict) {
		return answer
	}
	var refused *Error
	if errors.As(check(), &refused) {
		return refused
	}
	return answer
}
