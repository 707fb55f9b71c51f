package audit

import (
	"context"
	"net/http"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// reading collects the records that a request is about to return.
type reading struct {
	depth  int
	events []*Event
	// columns are those of views that the request reads, by name.
	columns map[string]viewColumns
	// login is the event of a sign-in that is about to be answered, or nil.
	login *Event
}

// bindReads records what PocketBase's endpoints return, before they do. The enrich
// hooks of all returned records, expanded ones included, run nested in one
// another.
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
	caller := t.requestOf(context.Background(), e.App)
	if caller == nil {
		return t.enrichMessage(e)
	}
	open := &caller.reading
	if err := open.add(caller, e); err != nil {
		return err
	}
	open.depth++
	err := e.Next()
	if open.depth--; open.depth > 0 {
		return err
	}
	events, login := open.events, open.login
	open.events, open.columns, open.login = nil, nil, nil
	if err != nil {
		return err
	}
	if login != nil {
		events = append(events, login)
	}
	for _, event := range events {
		if err := findViewed(caller.Request.Context(), e.App, event); err != nil {
			return err
		}
		if err := t.record(e.App, caller.RequestEvent, *event); err != nil {
			return err
		}
	}
	return nil
}

// add adds a record that is about to be returned. Records that the request has
// written itself are already recorded.
func (r *reading) add(caller *request, e *core.RecordEnrichEvent) error {
	collection := e.Record.Collection()
	expanded := e.RequestInfo.Context == core.RequestInfoContextExpand
	if !isRecorded(collection) || !expanded && caller.method != http.MethodGet {
		return nil
	}
	i := slices.IndexFunc(r.events, func(known *Event) bool { return known.Collection == collection.Name })
	if i < 0 {
		i, r.events = len(r.events), append(r.events, &Event{Action: Read, Collection: collection.Name})
	}
	if collection.Name == collections.AuditEvents {
		return nil // ids of events that a superuser reads are not recorded
	}
	if collection.IsView() {
		return r.addViewed(e, r.events[i])
	}
	r.events[i].Records = append(r.events[i].Records, e.Record.Id)
	r.events[i].Patients = append(r.events[i].Patients, patientsOf(e.Record)...)
	return nil
}

// addViewed adds a view's record to the event of reading the view.
func (r *reading) addViewed(e *core.RecordEnrichEvent, event *Event) error {
	columns, found := r.columns[event.Collection]
	if !found {
		var err error
		if columns, err = columnsOf(e.App, e.Record.Collection()); err != nil {
			return err
		}
		if r.columns == nil {
			r.columns = map[string]viewColumns{}
		}
		r.columns[event.Collection] = columns
	}
	if event.viewed == nil {
		event.viewed = viewedIDs{}
	}
	event.Records = append(event.Records, recordID(e.Record, columns))
	event.viewed.add(e.Record, columns)
	return nil
}

// isRecorded reports whether reads of a collection are recorded. Those of system
// and technical collections are not.
func isRecorded(collection *core.Collection) bool {
	return !collection.System && (collection.Name == collections.AuditEvents || !isUnrecorded(collection.Name))
}
