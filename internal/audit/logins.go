package audit

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

// bindLogins records who signs in at PocketBase's own doors, and who fails to.
func (t *Trail) bindLogins() {
	t.app.OnRecordAuthRequest().BindFunc(func(e *core.RecordAuthRequestEvent) error {
		login := &Event{Action: Execute, Collection: e.Collection.Name, Records: []string{e.Record.Id}, Detail: "login: " + e.AuthMethod}
		switch {
		case strings.Contains(e.Request.URL.Path, "/impersonate/"):
			login.Detail = "impersonation, with the token " + TokenID(e.Token)
		case e.AuthMethod == "":
			login.Detail = "token refresh"
		}
		if login.Agent = AgentOf(e.Record); e.HasSuperuserAuth() && e.AuthMethod == "" && e.Auth.Id != e.Record.Id {
			login.Agent = Agent{}
		} else {
			login.Agent.Token = TokenID(e.Token)
		}
		if request, ok := e.Get(requestKey).(*request); ok {
			// It is recorded right before it is answered: see enrich.
			request.reading.login = login
		}
		return e.Next()
	})
}

// signIns are the endpoints that sign somebody in, and what events call that.
var signIns = map[string]string{
	"auth-with-password": "login: password", "auth-with-otp": "login: otp", "auth-with-oauth2": "login: oauth2",
	"auth-refresh": "token refresh",
}

// recordFailedLogin records that a request to sign in came to nothing: as whom, if
// that is an account.
func recordFailedLogin(e *core.RequestEvent, path string) error {
	detail, found := signIns[path[strings.LastIndexByte(path, '/')+1:]]
	if !found {
		return nil
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil {
		return nil // nobody can sign in there
	}
	event := Event{Action: Execute, Outcome: Failed, Collection: collection.Name, Detail: detail}
	if account := claimed(e, collection.Name); account != nil {
		event.Agent, event.Records = AgentOf(account), []string{account.Id}
	}
	return Record(e, event)
}

// claimed is the account that a request wants to sign in to.
func claimed(e *core.RequestEvent, collection string) *core.Record {
	var form struct {
		Identity string `json:"identity" form:"identity"`
		OTP      string `json:"otpId" form:"otpId"`
	}
	// The request may have been refused before its body had a limit.
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
	account, _ := e.App.FindAuthRecordByEmail(collection, form.Identity)
	return account
}
