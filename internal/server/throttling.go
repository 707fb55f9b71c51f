package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/throttle"
)

// beforeWork is a priority of hooks that may refuse what others do.
const beforeWork = -1000

// bindThrottling slows down registration and guessing at PocketBase's own doors.
func bindThrottling(app core.App, limits *throttle.Throttle) {
	if limits == nil {
		return
	}
	app.OnRecordCreateRequest(collections.Users).Bind(&hook.Handler[*core.RecordRequestEvent]{
		Priority: beforeWork,
		Func: func(e *core.RecordRequestEvent) error {
			if !e.HasSuperuserAuth() {
				if err := limits.Registration(e.RequestEvent); err != nil {
					return err
				}
			}
			return e.Next()
		},
	})
	app.OnRecordAuthWithPasswordRequest().Bind(&hook.Handler[*core.RecordAuthWithPasswordRequestEvent]{
		Priority: beforeWork,
		Func: func(e *core.RecordAuthWithPasswordRequestEvent) error {
			account := throttle.Account{Collection: e.Collection.Name, Identity: e.Identity}
			if e.Record != nil {
				account = throttle.AccountOf(e.Record)
			}
			return limits.Login(e.RequestEvent, account, func() error { return wrongIfBadRequest(e.Next()) })
		},
	})
	app.OnRecordUpdate().BindFunc(forgiveFailures)
}

// forgiveFailures lets the owner of an account in again who has set a new
// password, by mail for example, whatever strangers have done meanwhile.
func forgiveFailures(e *core.RecordEvent) error {
	if !e.Record.Collection().IsAuth() {
		return e.Next()
	}
	before := e.Record.Original().TokenKey()
	if err := e.Next(); err != nil || e.Record.TokenKey() == before {
		return err
	}
	return throttle.Forgive(e.Context, e.App, throttle.AccountOf(e.Record))
}

// throttled counts a request for what it is.
func (s *server) throttled(e *core.RequestEvent) error {
	if !endpoint.IsBelow(e.Request, "/api") {
		return e.Next()
	}
	if err := s.limits.Request(e); err != nil {
		return err
	}
	if mayNameOldPassword(e) {
		return s.throttledPasswordChange(e)
	}
	if e.Request.Method != http.MethodPost {
		return e.Next()
	}
	switch endpoint.Path(e.Request) {
	case "/api/auth/register":
		if err := s.limits.Registration(e); err != nil {
			return err
		}
		return e.Next()
	case "/api/auth/login", "/api/token", "/api/token/refresh", "/api/auth/token/refresh":
		if err := s.limits.Door(e); err != nil {
			return err
		}
		return e.Next()
	}
	if !endpoint.IsAccountDoor(e.Request) {
		return e.Next()
	}
	if err := s.limits.Door(e); err != nil {
		return err
	}
	return s.throttledDoor(e)
}

// throttledDoor counts what is asked of one account.
func (s *server) throttledDoor(e *core.RequestEvent) error {
	switch endpoint.Of(e.Request) {
	case endpoint.RequestOTP, endpoint.RequestReset, endpoint.RequestVerify:
		account := throttle.Account{Collection: accounts(e), Identity: bodyOf(e).Email}
		if err := s.limits.Mail(e, account); err != nil {
			return err
		}
		return atLeast(mailDoorTime, e)
	case endpoint.WithOTP:
		return s.limits.Login(e, otpAccount(e, bodyOf(e).OTPID), func() error { return wrongCode(e) })
	}
	return e.Next()
}

// mailDoorTime is how long the doors take that send mail to accounts that exist,
// and do nothing for others.
const mailDoorTime = 200 * time.Millisecond

// atLeast answers no sooner than after a time, so that the time says nothing. The
// answer is small enough to be held back until then.
func atLeast(duration time.Duration, e *core.RequestEvent) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	err := e.Next()
	select {
	case <-timer.C:
	case <-e.Request.Context().Done():
	}
	return err
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
	return s.limits.Login(e, throttle.AccountOf(e.Auth), func() error {
		err := e.Next()
		var refusal *router.ApiError
		if errors.As(err, &refusal) {
			if wrong, encodeErr := json.Marshal(refusal.Data); encodeErr != nil || strings.Contains(string(wrong), `"`+oldPassword+`"`) {
				return throttle.Wrong(err)
			}
		}
		return err
	})
}

// otpWindow is that of PocketBase's own limit on guessing a one-time password,
// which does not say so.
const otpWindow = "180"

// wrongCode lets PocketBase check a one-time password. What its own limit
// refuses counts as wrong too.
func wrongCode(e *core.RequestEvent) error {
	err := e.Next()
	var refusal *router.ApiError
	if errors.As(err, &refusal) && refusal.Status == http.StatusTooManyRequests {
		e.Response.Header().Set("Retry-After", otpWindow)
		return throttle.Wrong(err)
	}
	return wrongIfBadRequest(err)
}

// wrongIfBadRequest reads PocketBase's answer to wrong credentials.
func wrongIfBadRequest(err error) error {
	var refusal *router.ApiError
	if errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest {
		return throttle.Wrong(err)
	}
	return err
}

// accounts is the name of the collection whose accounts a request is about.
func accounts(e *core.RequestEvent) string {
	name := e.Request.PathValue("collection")
	if collection, err := e.App.FindCachedCollectionByNameOrId(name); err == nil {
		return collection.Name
	}
	return name
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
