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

// recordRead makes rows an event before the caller gets to see them.
func (s *resource) recordRead(r *rest.Request, rows ...*row) error {
	event := audit.Event{Action: audit.Read, Collection: s.collection.Name, Records: make([]string, len(rows))}
	for i, row := range rows {
		event.Records[i], _ = row.value("id").(string)
		if patient, ok := row.value(s.collection.Patient).(string); ok && s.collection.Patient != "id" {
			event.Patients = append(event.Patients, patient)
		}
	}
	return audit.Record(r.RequestEvent, event)
}

// denied makes a refusal an event, if it is about an object that exists, and
// returns it.
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

// recordInvisible makes it an event that a caller asks for what belongs to an
// object that they cannot see.
func recordInvisible(r *rest.Request, target *resource, id string, action audit.Action) error {
	scope := target.scope(r)
	scope["id"] = id
	count, err := target.count(r, scope)
	if err != nil || count > 0 {
		return err
	}
	return audit.RecordDenied(r.RequestEvent, target.collection.Name, id, action)
}

// ofAccount is an event of a user's sign-in, with the token that it is about.
func ofAccount(user *core.Record, token, detail string) audit.Event {
	event := audit.Event{Action: audit.Execute, Collection: collections.Users, Detail: detail}
	if user != nil {
		event.Records, event.Agent = []string{user.Id}, audit.AgentOf(user)
		event.Agent.Token = audit.TokenID(token)
	}
	return event
}

// recordLogin makes an attempt to log in an event: whose account it was for, if
// there is one, and how it ended.
func recordLogin(r *rest.Request, email string, pair simplejwt.Pair, failure error) error {
	user, err := r.App.FindAuthRecordByEmail(collections.Users, email)
	if err != nil {
		user = nil // no such account
	}
	event := ofAccount(user, pair.Access, "login: password")
	if failure != nil {
		event.Outcome = audit.Failed
	}
	return audit.Record(r.RequestEvent, event)
}

// recordRefresh makes it an event that somebody wanted new tokens, and how it
// ended; that a rotated refresh token was used again above all.
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
