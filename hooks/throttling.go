package hooks

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/spf13/cast"

	"carebase/internal/throttle"
	"carebase/migrations"
)

// beforeWork is a priority of hooks that may refuse what others do.
const beforeWork = -1000

// bindThrottling bounds how often the API can be asked, and slows down guessing,
// at every door.
func bindThrottling(app core.App, limits *throttle.Throttle) {
	if limits == nil {
		return
	}
	bindMiddleware(app, &hook.Handler[*core.RequestEvent]{
		Id: "throttle",
		// When it is known who asks and that the body is not too large.
		Priority: apis.DefaultBodyLimitMiddlewarePriority + 1,
		Func:     func(e *core.RequestEvent) error { return throttled(e, limits) },
	})
	app.OnRecordCreateRequest(migrations.Users).Bind(&hook.Handler[*core.RecordRequestEvent]{
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
func throttled(e *core.RequestEvent, limits *throttle.Throttle) error {
	path := strings.TrimSuffix(e.Request.URL.Path, "/")
	if !strings.HasPrefix(path, "/api/") {
		return e.Next()
	}
	if err := limits.Request(e); err != nil {
		return err
	}
	if mayNameOldPassword(e) {
		return throttledPasswordChange(e, limits)
	}
	if e.Request.Method != http.MethodPost {
		return e.Next()
	}
	switch path {
	case "/api/auth/register":
		if err := limits.Registration(e); err != nil {
			return err
		}
		return e.Next()
	case "/api/auth/login", "/api/token", "/api/token/refresh", "/api/auth/token/refresh":
		if err := limits.Door(e); err != nil {
			return err
		}
		return e.Next()
	}
	collection, door, found := nativeDoor(path)
	if !found {
		return e.Next()
	}
	if err := limits.Door(e); err != nil {
		return err
	}
	switch door {
	case "request-otp", "request-password-reset", "request-verification":
		account := throttle.Account{Collection: collectionName(e.App, collection), Identity: bodyText(e, "email")}
		if err := limits.Mail(e, account); err != nil {
			return err
		}
		return atLeast(mailDoorTime, e)
	case "auth-with-otp":
		return limits.Login(e, otpAccount(e.App, collection, bodyText(e, "otpId")), func() error { return wrongCode(e) })
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
	path := e.Request.URL.Path
	return e.Request.Method == http.MethodPost && path == "/api/batch" ||
		e.Request.Method == http.MethodPatch && strings.HasPrefix(path, "/api/collections/")
}

// throttledPasswordChange slows down who holds a token and guesses the password
// that goes with it.
func throttledPasswordChange(e *core.RequestEvent, limits *throttle.Throttle) error {
	body := map[string]any{}
	if err := e.BindBody(&body); err != nil || !names(body, oldPassword) {
		return e.Next()
	}
	return limits.Login(e, throttle.AccountOf(e.Auth), func() error {
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

// nativeDoor recognizes PocketBase's doors that people sign in by, or that lead
// there.
func nativeDoor(path string) (collection, door string, found bool) {
	rest, found := strings.CutPrefix(path, "/api/collections/")
	if !found {
		return "", "", false
	}
	collection, rest, _ = strings.Cut(rest, "/")
	door, _, _ = strings.Cut(rest, "/")
	switch door {
	case "auth-with-password", "auth-with-otp", "auth-with-oauth2", "auth-refresh", "impersonate", "request-otp",
		"request-password-reset", "confirm-password-reset", "request-verification", "confirm-verification",
		"request-email-change", "confirm-email-change":
		return collection, door, true
	}
	return "", "", false
}

func collectionName(app core.App, nameOrID string) string {
	if collection, err := app.FindCachedCollectionByNameOrId(nameOrID); err == nil {
		return collection.Name
	}
	return nameOrID
}

// otpAccount is whose one-time password it is. An unknown one is as good as an
// account that does not exist.
func otpAccount(app core.App, collection, id string) throttle.Account {
	if otp, err := app.FindOTPById(id); err == nil {
		if record, err := app.FindRecordById(otp.CollectionRef(), otp.RecordRef()); err == nil {
			return throttle.AccountOf(record)
		}
	}
	return throttle.Account{Collection: collectionName(app, collection), Identity: "otp " + id}
}

// bodyText is a text of the request's body, "" if the body has none or cannot be
// read, which its own reader will say.
func bodyText(e *core.RequestEvent, name string) string {
	body := map[string]any{}
	if err := e.BindBody(&body); err != nil {
		return ""
	}
	return cast.ToString(body[name])
}
