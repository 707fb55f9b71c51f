package audit

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/endpoint"
)

// ServeSealed answers requests of superusers for audit events in the place of
// PocketBase's record API, which reads rows only, where events are sealed.
func ServeSealed(e *core.RequestEvent) error {
	if e.Request.Method != http.MethodGet || !e.HasSuperuserAuth() || !endpoint.IsRecords(e.Request) {
		return e.Next()
	}
	collection := collections.Find(e.App, e.Request.PathValue("collection"))
	isOther, compared := collection == nil || collection.Name != collections.AuditEvents, comparedCollections(e)
	if isOther && !slices.Contains(compared, collections.AuditEvents) {
		return e.Next()
	}
	switch last, err := lastSegment(e.Request.Context(), e.App.ConcurrentDB()); {
	case err != nil:
		return err
	case last == 0:
		return e.Next()
	case len(compared) > 0:
		return e.BadRequestError("Once audit events are sealed, they cannot be compared with other collections.", nil)
	}
	if id := e.Request.PathValue("id"); id != "" {
		return serveEvent(e, collection, id)
	}
	return serveEvents(e, collection)
}

// comparedCollections returns those that the request's filter names by @collection.
func comparedCollections(e *core.RequestEvent) (names []string) {
	paths, err := collections.Paths(e.Request.URL.Query().Get(search.FilterQueryParam))
	if err != nil {
		return nil
	}
	for _, path := range paths {
		name, isCollection := strings.CutPrefix(path, "@collection.")
		name, _, _ = strings.Cut(name, ".")
		name, _, _ = strings.Cut(name, ":") // an alias
		if named := collections.Find(e.App, name); isCollection && named != nil {
			names = append(names, named.Name)
		}
	}
	return names
}

func serveEvents(e *core.RequestEvent, collection *core.Collection) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	l, err := newListing(e.Request.Context(), e.App, info, collection, e.Request.URL.Query())
	if err != nil {
		return e.BadRequestError("", err)
	}
	records, result, err := l.run()
	if err != nil {
		return refusal(e, err)
	}
	listed := &core.RecordsListRequestEvent{RequestEvent: e, Records: records, Result: result}
	listed.Collection = collection
	return e.App.OnRecordsListRequest().Trigger(listed, func(e *core.RecordsListRequestEvent) error {
		if err := apis.EnrichRecords(e.RequestEvent, e.Records); err != nil {
			return err
		}
		return e.JSON(http.StatusOK, e.Result)
	})
}

// refusal returns the answer to a list that failed: a filter that is wrong looks to the
// database as to PocketBase.
func refusal(e *core.RequestEvent, err error) error {
	switch {
	case errors.Is(err, dberror.ErrNoArchive):
		return err
	case errors.Is(err, errTooFar):
		return e.BadRequestError("Here "+errTooFar.Error()+".", nil)
	case errors.Is(err, errTooWide):
		return e.BadRequestError("There are "+errTooWide.Error()+".", nil)
	case IsViolation(err):
		return e.InternalServerError("The audit trail is not intact. Run carebase audit verify.", err)
	}
	return e.BadRequestError("", err)
}

// serveEvent answers with one event.
func serveEvent(e *core.RequestEvent, collection *core.Collection, id string) error {
	ctx := e.Request.Context()
	var rows int
	err := e.App.ConcurrentDB().Select("count(*)").From("audit_log").Where(dbx.HashExp{"id": id}).WithContext(ctx).Row(&rows)
	if err != nil {
		return err
	}
	if rows > 0 {
		return e.Next()
	}
	event, err := findSealed(ctx, e.App, id)
	if err != nil {
		return refusal(e, err)
	}
	if event == nil {
		return e.Next()
	}
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	l := &listing{ctx: ctx, app: e.App, info: info, collection: collection, perPage: 1}
	records, err := l.render([]listedEvent{{id: id, event: event}}, 1)
	if err != nil {
		return err
	}
	viewed := &core.RecordRequestEvent{RequestEvent: e, Record: records[0]}
	viewed.Collection = collection
	return e.App.OnRecordViewRequest().Trigger(viewed, func(e *core.RecordRequestEvent) error {
		if err := apis.EnrichRecord(e.RequestEvent, e.Record); err != nil {
			return err
		}
		return e.JSON(http.StatusOK, e.Record)
	})
}

// findSealed returns a sealed event; nil if there is none with the id.
func findSealed(ctx context.Context, app core.App, id string) (*entry, error) {
	events, err := segmentOf(ctx, app, id)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if events[i].id == id {
			return &events[i], nil
		}
	}
	return nil, nil
}

// segmentOf returns the events of the segment that has the one with the id; none if it
// is not sealed.
func segmentOf(ctx context.Context, app core.App, id string) ([]entry, error) {
	var segments []*segment
	err := app.ConcurrentDB().Select(segmentColumns...).From("audit_segments").
		Where(dbx.NewExp("[[first_id]] <= {:id} AND [[last_id]] >= {:id}", dbx.Params{"id": id})).WithContext(ctx).All(&segments)
	if err != nil {
		return nil, err
	}
	for _, segment := range segments {
		events, err := segment.load(ctx, app)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(events, func(event entry) bool { return event.id == id }) {
			return events, nil
		}
	}
	return nil, nil
}
