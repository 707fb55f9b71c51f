package server

import (
	"net/http"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

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

// forgiveFailures clears the failures of an account whose owner has set a new
// password, for example by mail.
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

// throttled applies the limits to a request.
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
	case "/api/auth/login", "/api/token", endpoint.Refreshes[0], endpoint.Refreshes[1], "/api/auth/password/change", "/api/auth/password/reset/confirm":
		if err := s.limits.Door(e); err != nil {
			return err
		}
		return e.Next()
	case "/api/auth/password/reset":
		if err := s.limits.Door(e); err != nil {
			return err
		}
		return atLeast(mailDoorTime, e.Request.Context().Done(), e.Next)
	}
	if !endpoint.IsAccountDoor(e.Request) {
		return e.Next()
	}
	if err := s.limits.Door(e); err != nil {
		return err
	}
	return s.throttledDoor(e)
}

// accounts is the name of the collection whose accounts a request is about.
func accounts(e *core.RequestEvent) string {
	name := e.Request.PathValue("collection")
	if collection, err := e.App.FindCachedCollectionByNameOrId(name); err == nil {
		return collection.Name
	}
	return name
}
