package audit

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/collections"
)

// tableOfRows is what the collection's query reads rows from.
const tableOfRows = "FROM audit_log l"

// toSearch returns how much of what is searched at most some segments are.
func toSearch(segments ...*segment) (events int) {
	for _, each := range segments {
		events += max(each.Events, leastSearched)
	}
	return events
}

// over makes a query read events instead of rows.
func (l *listing) over(query *dbx.SelectQuery, events []listable) (*dbx.SelectQuery, error) {
	before, after, found := strings.Cut(l.collection.ViewQuery, tableOfRows)
	if !found {
		return nil, errors.New("the query of " + collections.AuditEvents + " was changed")
	}
	encoded, err := json.Marshal(events)
	if err != nil {
		return nil, err
	}
	// The limit makes both engines take the events apart once, not once per column.
	const given = `FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS subject, json_extract(value, '$[2]') AS hash,
		json_extract(value, '$[3]') AS event FROM json_each({:sealed}) LIMIT {:listed}) l`
	return query.From("(" + before + given + after + ") " + l.collection.Name).AndBind(dbx.Params{"sealed": string(encoded), "listed": listed}), nil
}

// order returns what the list is sorted by, ending with the id: pages go together only
// if no two events are equal.
func (l *listing) order() []search.SortField {
	last := search.SortField{Name: "id", Direction: search.SortAsc}
	if len(l.sort) > 0 {
		last.Direction = l.sort[len(l.sort)-1].Direction
	}
	return append(slices.Clone(l.sort), last)
}

// render returns the records of a page of events.
func (l *listing) render(shown []listedEvent, page int) ([]*core.Record, error) {
	events, err := l.read(shown)
	if err != nil {
		return nil, err
	}
	query, err := l.over(l.app.RecordQuery(l.collection), events)
	if err != nil {
		return nil, err
	}
	provider := search.NewProvider(core.NewRecordFieldResolver(l.app, l.collection, l.info, true)).
		Query(query.WithContext(l.ctx)).SkipTotal(true).Page(page).PerPage(l.perPage).MaxSortExprLimit(search.DefaultSortExprLimit + 1)
	for _, field := range l.order() {
		provider.AddSort(field)
	}
	records := []*core.Record{}
	_, err = provider.Exec(&records)
	return records, err
}

// read reads the rows of events.
func (l *listing) read(shown []listedEvent) ([]listable, error) {
	var ids, sealed []any
	events := make([]listable, 0, len(shown))
	for _, each := range shown {
		if each.event == nil {
			ids = append(ids, each.id)
			continue
		}
		events = append(events, listable{each.id, each.event.subject, each.event.hash, each.event.text})
	}
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		var rows []struct {
			row
			Subject string `db:"subject"`
		}
		err := l.app.ConcurrentDB().Select("id", "subject", "hash", "event").From("audit_log").Where(dbx.In("id", chunk...)).WithContext(l.ctx).All(&rows)
		if err != nil {
			return nil, err
		}
		found := make(map[any]bool, len(rows))
		for _, row := range rows {
			events, found[row.ID] = append(events, listable{row.ID, row.Subject, row.Hash, row.Event}), true
		}
		sealed = append(sealed, slices.DeleteFunc(slices.Clone(chunk), func(id any) bool { return found[id] })...)
	}
	return l.readSealed(events, sealed)
}

// readSealed adds events that were sealed after they were found in rows.
func (l *listing) readSealed(events []listable, ids []any) ([]listable, error) {
	for len(ids) > 0 {
		segment, err := segmentOf(l.ctx, l.app, ids[0].(string))
		if err != nil {
			return nil, err
		}
		if segment == nil {
			ids = ids[1:] // which was pruned meanwhile
			continue
		}
		for _, event := range segment {
			if at := slices.Index(ids, any(event.id)); at >= 0 {
				events = append(events, listable{event.id, event.subject, event.hash, event.text})
				ids = slices.Delete(ids, at, at+1)
			}
		}
	}
	return events, nil
}
