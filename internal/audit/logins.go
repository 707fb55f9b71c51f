package audit

import (
	"net/http"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// bindLogins records sign-ins at PocketBase's endpoints.
func (t *Trail) bindLogins() {
	t.app.OnRecordAuthRequest().BindFunc(func(e *core.RecordAuthRequestEvent) error {
		login := &Event{Action: Execute, Collection: e.Collection.Name, Records: []string{e.Record.Id}, Detail: "login: " + e.AuthMethod}
		switch {
		case endpoint.Of(e.Request) == endpoint.Impersonate:
			login.Detail = "impersonation, with the token " + TokenID(e.Token)
		case e.AuthMethod == "":
			login.Detail = "token refresh"
		}
		if login.Agent = AgentOf(e.Record); e.HasSuperuserAuth() && e.AuthMethod == "" && e.Auth.Id != e.Record.Id {
			login.Agent = Agent{}
		} else {
			login.Agent.Token = TokenID(e.Token)
		}
		if caller, ok := e.Get(requestKey).(*request); ok {
			// enrich records it right before the response.
			caller.reading.login = login
		}
		return e.Next()
	})
}

// signIns maps the endpoints that sign in to the details of their events.
var signIns = map[string]string{
	endpoint.WithPassword: "login: password", endpoint.WithOTP: "login: otp", endpoint.WithOAuth2: "login: oauth2",
	endpoint.AuthRefresh: "token refresh",
}

// recordFailedLogin records a failed sign-in, with the account if it exists.
func recordFailedLogin(e *core.RequestEvent) error {
	detail, found := signIns[endpoint.Of(e.Request)]
	if !found {
		return nil
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil {
		return nil // no such collection
	}
	event := Event{Action: Execute, Outcome: Failed, Collection: collection.Name, Detail: detail}
	if account := claimed(e, collection.Name); account != nil {
		event.Agent, event.Records = AgentOf(account), []string{account.Id}
	}
	return Record(e, event)
}

// claimed returns the account that a request tried to sign in to, nil if none.
func claimed(e *core.RequestEvent, collection string) *core.Record {
	var form struct {
		Identity string `json:"identity" form:"identity"`
		OTP      string `json:"otpId" form:"otpId"`
	}
	// The request may have been refused before its body was limited.
	if e.Request.ContentLength > apis.DefaultMaxBodySize {
		return nil
	}
	e.Request.Body = http.MaxBytesReader(e.Response, e.Request.Body, apis.DefaultMaxBodySize)
	if e.BindBody(&form) != nil {
		return nil
	}
	if form.OTP != "" {
		if otp, err := e.App.FindOTPById(form.OTP); err == nil {
			account, _ := e.App.FindRecordById(otp.CollectionRef(), otp.RecordRef())
			return account
		}
	}
	account, _ := collections.FindByEmail(e.App, collection, form.Identity)
	return account
}
