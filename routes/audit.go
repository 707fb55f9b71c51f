package routes

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// recordRead records a read of the rows in the audit trail, before they are
// sent.
func (s *resource) recordRead(r *rest.Request, rows ...row) error {
	event := audit.Event{Action: audit.Read, Collection: s.collection.Name, Records: make([]string, len(rows))}
	for i, row := range rows {
		event.Records[i] = row.text(core.FieldNameId)
		if patient := row.text(s.collection.Patient); patient != "" && s.collection.Patient != core.FieldNameId {
			event.Patients = append(event.Patients, patient)
		}
	}
	return audit.Record(r.RequestEvent, event)
}

// denied returns the refusal, after recording it in the audit trail if it is a
// 403 or 404 for an object that exists.
func (s *resource) denied(r *rest.Request, refusal error) error {
	var refused *rest.Error
	if !errors.As(refusal, &refused) || refused.Status != http.StatusNotFound && refused.Status != http.StatusForbidden {
		return refusal
	}
	if err := audit.RecordDenied(r.RequestEvent, s.collection.Name, r.Request.PathValue("id"), audit.ActionOf(r.Request.Method)); err != nil {
		return err
	}
	return refusal
}

// recordInvisible records a denied action if the id names an existing object
// that the caller cannot see.
func recordInvisible(r *rest.Request, target *resource, id string, action audit.Action) error {
	scope := target.scope(r)
	scope["id"] = id
	count, err := target.count(r, scope)
	if err != nil || count > 0 {
		return err
	}
	return audit.RecordDenied(r.RequestEvent, target.collection.Name, id, action)
}

// ofAccount returns an event about a user's authentication. The agent is the
// user with the token; both are empty if the user is nil.
func ofAccount(user *core.Record, token, detail string) audit.Event {
	event := audit.Event{Action: audit.Execute, Collection: collections.Users, Detail: detail}
	if user != nil {
		event.Records, event.Agent = []string{user.Id}, audit.AgentOf(user)
		event.Agent.Token = audit.TokenID(token)
	}
	return event
}

// recordLogin records a login attempt: its outcome, and the account if it
// exists.
func recordLogin(r *rest.Request, email string, pair simplejwt.Pair, failure error) error {
	user, err := collections.FindByEmail(r.App, collections.Users, email)
	if err != nil {
		return err
	}
	event := ofAccount(user, pair.Access, "login: password")
	if failure != nil {
		event.Outcome = audit.Failed
	}
	return audit.Record(r.RequestEvent, event)
}

// recordRefresh records a token refresh and its outcome. Reuse of a rotated
// refresh token is recorded as denied.
func recordRefresh(r *rest.Request, token string, answer simplejwt.Refreshed, failure error) error {
	var reuse *simplejwt.Reuse
	var event audit.Event
	switch {
	case errors.As(failure, &reuse):
		event = ofAccount(reuse.User, token, "second use of a refresh token: session "+reuse.Session+" ended")
		event.Outcome = audit.Denied
	case failure != nil:
		event = audit.Event{Action: audit.Execute, Outcome: audit.Failed, Collection: collections.Users, Detail: "token refresh"}
	default:
		event = ofAccount(answer.User, answer.Access, "token refresh")
	}
	return audit.Record(r.RequestEvent, event)
}
