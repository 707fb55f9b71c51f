package audit

import (
	"context"
	"net/http"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// reading is what a request has read through PocketBase and not answered yet.
type reading struct {
	depth  int
	events []*Event
	// login is the sign-in that is being answered, if it is one.
	login *Event
}

// bindReads records what PocketBase's own doors show, before they do: its enrich
// hooks run around each record that is about to be shown, within one another,
// the expanded ones included.
func (t *Trail) bindReads() {
	t.app.OnRecordEnrich().BindFunc(t.enrich)
	t.app.OnRecordsListRequest().BindFunc(func(e *core.RecordsListRequestEvent) error {
		if len(e.Records) == 0 && isRecorded(e.Collection) {
			if err := Record(e.RequestEvent, Event{Action: Read, Collection: e.Collection.Name}); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

func (t *Trail) enrich(e *core.RecordEnrichEvent) error {
	request := t.requestOf(context.Background(), e.App)
	if request == nil {
		return t.enrichMessage(e)
	}
	reading := &request.reading
	reading.depth++
	reading.add(request, e)
	err := e.Next()
	if reading.depth--; reading.depth > 0 {
		return err
	}
	events, login := reading.events, reading.login
	reading.events, reading.login = nil, nil
	if err != nil {
		return err
	}
	if login != nil {
		events = append(events, login)
	}
	for _, event := range events {
		if err := t.record(e.App, request.RequestEvent, *event); err != nil {
			return err
		}
	}
	return nil
}

// add notes a record that is about to be shown. What a request has written itself
// is an event already.
func (r *reading) add(request *request, e *core.RecordEnrichEvent) {
	collection := e.Record.Collection()
	expanded := e.RequestInfo.Context == core.RequestInfoContextExpand
	if !isRecorded(collection) || !expanded && request.method != http.MethodGet {
		return
	}
	i := slices.IndexFunc(r.events, func(known *Event) bool { return known.Collection == collection.Name })
	if i < 0 {
		i, r.events = len(r.events), append(r.events, &Event{Action: Read, Collection: collection.Name})
	}
	if collection.Name == collections.AuditEvents {
		return // which events a superuser reads would be events about events
	}
	r.events[i].Records = append(r.events[i].Records, e.Record.Id)
	r.events[i].Patients = append(r.events[i].Patients, patientsOf(e.Record)...)
}

// isRecorded reports whether reading a collection is an event: PocketBase's own
// and the technical ones hold nothing about people.
func isRecorded(collection *core.Collection) bool {
	return !collection.System && (collection.Name == collections.AuditEvents || !isUnrecorded(collection.Name))
}
