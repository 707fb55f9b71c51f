package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/simplejwt"
	"carebase/internal/throttle"
)

// throttledDoor counts what is asked of one account.
func (s *server) throttledDoor(e *core.RequestEvent) error {
	form := bodyOf(e).Form
	switch endpoint.Of(e.Request) {
	case endpoint.RequestOTP, endpoint.RequestReset, endpoint.RequestVerify:
		account := throttle.Account{Collection: accounts(e), Identity: form.Email}
		if err := s.limits.Mail(e, account); err != nil {
			return err
		}
		return atLeast(mailDoorTime, e.Request.Context().Done(), func() error {
			if err := acceptAddress(e, form.Email); err != nil {
				return err
			}
			return e.Next()
		})
	case endpoint.RequestEmail:
		return s.requestEmailChange(e, form.NewEmail)
	case endpoint.WithOTP:
		return s.limits.Login(e, otpAccount(e, form.OTPID), func() error { return s.checkCode(e, form) })
	case endpoint.ConfirmEmail:
		// A token that does not hold is nobody's; PocketBase refuses it.
		if record, err := e.App.FindAuthRecordByToken(form.Token, core.TokenTypeEmailChange); err == nil {
			return s.checkPassword(e, record, "password", "email change")
		}
	}
	return e.Next()
}

// mailDoorTime is the minimum response time of endpoints that send mail if an account
// exists.
const mailDoorTime = 200 * time.Millisecond

// atLeast delays an answer until a minimum time has passed, so that the time reveals
// nothing. The answer is small enough to stay buffered until then.
func atLeast(duration time.Duration, gone <-chan struct{}, answer func() error) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	err := answer()
	select {
	case <-timer.C:
	case <-gone:
	}
	return err
}

// requestEmailChange answers alike, and as late, whether the new address is taken or
// not. No mail is sent to an address that is taken.
func (s *server) requestEmailChange(e *core.RequestEvent, address string) error {
	if e.Auth == nil || accounts(e) != e.Auth.Collection().Name {
		return e.Next()
	}
	if err := s.limits.Mail(e, throttle.AccountOf(e.Auth)); err != nil {
		return err
	}
	return atLeast(mailDoorTime, e.Request.Context().Done(), func() error {
		taken, err := collections.FindByEmail(e.App, e.Auth.Collection(), address)
		switch {
		case err != nil:
			return err
		case taken != nil:
			return e.NoContent(http.StatusNoContent)
		}
		return e.Next()
	})
}

// oldPassword is the field in which a user shows the password to be changed.
const oldPassword = "oldPassword"

// mayNameOldPassword recognizes updates of records, alone or in a batch.
func mayNameOldPassword(e *core.RequestEvent) bool {
	if e.Auth == nil || e.HasSuperuserAuth() {
		return false
	}
	reached := endpoint.Of(e.Request)
	return reached == endpoint.Batch || reached == endpoint.UpdateRecord
}

// throttledPasswordChange slows down callers who hold a token and guess the
// password that goes with it.
func (s *server) throttledPasswordChange(e *core.RequestEvent) error {
	if !bodyOf(e).names(oldPassword) {
		return e.Next()
	}
	return s.checkPassword(e, e.Auth, oldPassword, "password change")
}

// checkPassword lets PocketBase check an account's password in a field of the
// request. A refusal that names the field counts as a guess, and is recorded.
func (s *server) checkPassword(e *core.RequestEvent, record *core.Record, field, what string) error {
	return s.limits.Login(e, throttle.AccountOf(record), func() error {
		err := e.Next()
		var refusal *router.ApiError
		if !errors.As(err, &refusal) {
			return err
		}
		if reasons, encodeErr := json.Marshal(refusal.Data); encodeErr == nil && !strings.Contains(string(reasons), `"`+field+`"`) {
			return err
		}
		event := audit.Event{
			Action: audit.Execute, Outcome: audit.Failed, Collection: record.Collection().Name, Records: []string{record.Id},
			Detail: what + ": wrong password", Agent: audit.AgentOf(record),
		}
		if recordErr := audit.Record(e, event); recordErr != nil {
			return recordErr
		}
		return throttle.Wrong(err)
	})
}

// otpWindow is the window, in seconds, of PocketBase's own limit on guessing a
// one-time password.
const otpWindow = "180"

// checkCode lets PocketBase check a one-time password. What its own limit refuses
// counts as wrong, too. An answer takes as long for a code that does not exist.
func (s *server) checkCode(e *core.RequestEvent, form accountForm) error {
	err := e.Next()
	if err == nil {
		return nil
	}
	var refusal *router.ApiError
	isLimited := errors.As(err, &refusal) && refusal.Status == http.StatusTooManyRequests
	if isLimited || !isIssued(e, form.OTPID) {
		if spendErr := simplejwt.SpendPasswordWork(e.Request.Context(), e.App, core.CollectionNameOTPs, form.Password); spendErr != nil {
			return spendErr
		}
	}
	if isLimited {
		e.Response.Header().Set("Retry-After", otpWindow)
		return throttle.Wrong(err)
	}
	return wrongIfBadRequest(err)
}

// isIssued reports whether PocketBase has compared a code with the one-time
// password of an id.
func isIssued(e *core.RequestEvent, id string) bool {
	otp, err := e.App.FindOTPById(id)
	if err != nil {
		return false
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(otp.CollectionRef())
	return err == nil && collection.Name == accounts(e) && !otp.HasExpired(collection.OTP.DurationTime())
}

// otpAccount is the account of a one-time password. An unknown password is
// treated as one of an account that does not exist.
func otpAccount(e *core.RequestEvent, id string) throttle.Account {
	if otp, err := e.App.FindOTPById(id); err == nil {
		if record, err := e.App.FindRecordById(otp.CollectionRef(), otp.RecordRef()); err == nil {
			return throttle.AccountOf(record)
		}
	}
	return throttle.Account{Collection: accounts(e), Identity: "otp " + id}
}

// wrongIfBadRequest reads PocketBase's answer to wrong credentials.
func wrongIfBadRequest(err error) error {
	var refusal *router.ApiError
	if errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest {
		return throttle.Wrong(err)
	}
	return err
}
