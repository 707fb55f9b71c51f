package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
)

const (
	// listed is the maximum number of events that a list is taken from, in memory: up to
	// the end of the page, or all matches where the order is not that of time.
	listed = 10_000
	// searched is the maximum number of events in the segments that are opened for a filter;
	// each of these counts for some at least.
	searched, leastSearched = 1 << 20, 64
)

// errTooWide is what a list that would look at too much says.
var errTooWide = errors.New(`too many sealed audit events to look at: add a condition such as patient = "…", agent = "…" or recorded_at >= "…" to the filter, and sort by recorded_at`)

// errTooFar is what a page says that is beyond what is looked at.
var errTooFar = fmt.Errorf(`a list with sealed audit events ends at its %dth: for those after it, add a condition such as recorded_at < "…" to the filter, with the time of the last one shown`, listed)

// listing is a list of events in the record API, of rows and of segments. The database
// evaluates the filter over both alike: events of segments are a parameter of the
// collection's own query.
type listing struct {
	ctx        context.Context
	app        core.App
	info       *core.RequestInfo
	collection *core.Collection
	filter     string
	narrowing  narrowing
	sort       []search.SortField
	page       int
	perPage    int
	skipTotal  bool

	// found are the events that the page is taken from, in its order if that is one of
	// time.
	found []listedEvent
	total int
	// last is the number of the last segment that is looked at: what was sealed later was
	// found in rows.
	last int64
}

// listedEvent is an event with what it is sorted by.
type listedEvent struct {
	key, id string
	// event is nil for one in a row.
	event *entry
}

// listable is an event as the collection's query gets it.
type listable [4]string

func newListing(ctx context.Context, app core.App, info *core.RequestInfo, collection *core.Collection, query url.Values) (*listing, error) {
	l := &listing{ctx: ctx, app: app, info: info, collection: collection, filter: query.Get(search.FilterQueryParam), page: 1, perPage: search.DefaultPerPage}
	if len(l.filter) > search.MaxFilterLength {
		return nil, search.ErrFilterLengthLimit
	}
	for name, number := range map[string]*int{search.PageQueryParam: &l.page, search.PerPageQueryParam: &l.perPage} {
		if text := query.Get(name); text != "" {
			value, err := strconv.Atoi(text)
			if err != nil {
				return nil, err
			}
			if value > 0 {
				*number = value
			}
		}
	}
	l.perPage = min(l.perPage, search.MaxPerPage)
	if text := query.Get(search.SkipTotalQueryParam); text != "" {
		skip, err := strconv.ParseBool(text)
		if err != nil {
			return nil, err
		}
		l.skipTotal = skip
	}
	l.narrowing = narrowingOf(l.filter)
	l.sort = search.ParseSortFromString(query.Get(search.SortQueryParam))
	if len(l.sort) > search.DefaultSortExprLimit {
		return nil, search.ErrSortExprLimit
	}
	return l, nil
}

// byTime returns what the list is sorted by if that is when events happened or were
// stored; empty otherwise.
func (l *listing) byTime() (column string, descending bool) {
	if len(l.sort) != 1 || l.sort[0].Name != "recorded_at" && l.sort[0].Name != "id" {
		return "", false
	}
	return l.sort[0].Name, l.sort[0].Direction == search.SortDesc
}

// wanted is the number of events in order up to the end of the page.
func (l *listing) wanted() int {
	if column, _ := l.byTime(); column == "" {
		return listed
	}
	return l.page * l.perPage
}

// run returns the records of the page, and how many there are in all.
func (l *listing) run() ([]*core.Record, *search.Result, error) {
	if column, _ := l.byTime(); column != "" && l.wanted() > listed || l.page > listed {
		return nil, nil, errTooFar
	}
	if err := l.addRows(); err != nil {
		return nil, nil, err
	}
	if err := l.addSegments(); err != nil {
		return nil, nil, err
	}
	shown, page := l.found, l.page
	if column, _ := l.byTime(); column != "" {
		shown, page = l.found[min((l.page-1)*l.perPage, len(l.found)):], 1
	}
	records, err := l.render(shown, page)
	result := &search.Result{Items: &records, Page: l.page, PerPage: l.perPage, TotalItems: -1, TotalPages: -1}
	if !l.skipTotal {
		result.TotalItems, result.TotalPages = l.total, (l.total+l.perPage-1)/l.perPage
	}
	return records, result, err
}

// matching returns a query for what the filter matches.
func (l *listing) matching(query *dbx.SelectQuery) (*dbx.SelectQuery, *core.RecordFieldResolver, error) {
	resolver := core.NewRecordFieldResolver(l.app, l.collection, l.info, true)
	if l.filter != "" {
		condition, err := search.FilterData(l.filter).BuildExpr(resolver)
		if err != nil {
			return nil, nil, err
		}
		query.AndWhere(condition)
	}
	return query.WithContext(l.ctx), resolver, resolver.UpdateQuery(query)
}

// rowReadings is how often rows are read at most while others are being sealed.
const rowReadings = 5

// addRows adds the events in rows, of which none was sealed meanwhile: it would be counted
// twice, or not at all.
func (l *listing) addRows() error {
	before, err := lastSegment(l.ctx, l.app.ConcurrentDB())
	for range rowReadings {
		if err != nil {
			return err
		}
		l.found, l.total = nil, 0
		if err := l.readRows(); err != nil {
			return err
		}
		if l.last, err = lastSegment(l.ctx, l.app.ConcurrentDB()); err != nil || l.last == before {
			return err
		}
		// What was sealed at once was in no row.
		var ofRows int
		err = l.app.ConcurrentDB().NewQuery(`SELECT count(*) FROM audit_segments WHERE number > {:before} AND number <= {:last}
			AND number NOT IN (SELECT segment FROM audit_segment_lists)`).Bind(dbx.Params{"before": before, "last": l.last}).WithContext(l.ctx).Row(&ofRows)
		if err == nil && ofRows == 0 {
			return nil
		}
		before = l.last
	}
	return err
}

func (l *listing) readRows() error {
	name := l.collection.Name
	query, resolver, err := l.matching(l.app.ConcurrentDB().Select(name+".id", name+".recorded_at").From(name))
	if err != nil {
		return err
	}
	if !l.skipTotal {
		counting := *query
		if err := counting.Distinct(false).Select("COUNT(DISTINCT [[" + name + ".id]])").Row(&l.total); err != nil {
			return err
		}
	}
	column, _ := l.byTime()
	for _, field := range l.order() {
		order, err := field.BuildExpr(resolver)
		if err != nil {
			return err
		}
		if column != "" {
			query.AndOrderBy(order)
		}
	}
	var rows []struct {
		ID         string `db:"id"`
		RecordedAt string `db:"recorded_at"`
	}
	if err := query.Limit(int64(l.wanted() + 1)).All(&rows); err != nil {
		return err
	}
	for _, row := range rows {
		l.found = append(l.found, listedEvent{key: l.key(row.ID, row.RecordedAt), id: row.ID})
	}
	return l.cut()
}

// key returns what an event is sorted by, next to its id.
func (l *listing) key(id, recordedAt string) string {
	if column, _ := l.byTime(); column == "id" {
		return id
	}
	return recordedAt
}

// cut leaves the events up to the end of the page.
func (l *listing) cut() error {
	column, descending := l.byTime()
	slices.SortFunc(l.found, func(a, b listedEvent) int {
		order := cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
		if descending {
			return -order
		}
		return order
	})
	// One that is sealed meanwhile was found twice.
	l.found = slices.CompactFunc(l.found, func(a, b listedEvent) bool { return a.id == b.id })
	if len(l.found) > l.wanted() && column == "" {
		return errTooWide
	}
	l.found = l.found[:min(len(l.found), l.wanted())]
	return nil
}

// addSegments adds the sealed events that match.
func (l *listing) addSegments() error {
	segments, err := l.segments()
	if err != nil {
		return err
	}
	var counts map[int64]int
	if !l.skipTotal {
		if counts, err = countsFor(l.ctx, l.app, l.filter); err != nil {
			return err
		}
	}
	if l.filter != "" && counts == nil && !l.skipTotal && toSearch(segments...) > searched {
		return errTooWide
	}
	opened := 0
	for _, segment := range segments {
		isFull := l.isBefore(segment)
		if isFull && l.skipTotal {
			break
		}
		if isFull && l.filter == "" {
			l.total += segment.Events
			continue
		}
		if isFull && counts != nil {
			l.total += counts[segment.Number]
			continue
		}
		if opened += toSearch(segment); opened > searched {
			return errTooWide
		}
		events, err := segment.load(l.ctx, l.app)
		if err != nil {
			return err
		}
		if events, err = l.matches(events); err != nil {
			return err
		}
		l.total += len(events)
		for _, event := range events {
			l.found = append(l.found, listedEvent{key: l.key(event.id, event.stored.RecordedAt), id: event.id, event: &event})
		}
		if err := l.cut(); err != nil {
			return err
		}
	}
	return nil
}

// segments returns those in which there may be matches, in the order of the list.
func (l *listing) segments() (found []*segment, err error) {
	column, descending := l.byTime()
	order := map[string][2]string{"": {"number", "number"}, "recorded_at": {"first_at", "last_at"}, "id": {"first_id", "last_id"}}[column][0]
	if descending {
		order = strings.Replace(order, "first", "last", 1) + " DESC"
	}
	err = l.app.ConcurrentDB().Select(segmentColumns...).From("audit_segments").Where(dbx.And(append(l.narrowing.segments(), dbx.NewExp("[[number]] <= {:last}", dbx.Params{"last": l.last}))...)).
		OrderBy(order).WithContext(l.ctx).All(&found)
	return found, err
}

// isBefore reports whether the page ends before all events of a segment.
func (l *listing) isBefore(s *segment) bool {
	column, descending := l.byTime()
	if column == "" || len(l.found) < l.wanted() {
		return false
	}
	last := l.found[len(l.found)-1].key
	if descending {
		return l.key(s.LastID, s.LastAt) < last
	}
	return l.key(s.FirstID, s.FirstAt) > last
}

// matches returns those of a segment's events that the filter matches.
func (l *listing) matches(events []entry) ([]entry, error) {
	if l.filter == "" {
		return events, nil
	}
	events = slices.DeleteFunc(events, func(event entry) bool { return !l.narrowing.admits(&event) })
	if len(events) == 0 {
		return nil, nil
	}
	all := make([]listable, len(events))
	for i, event := range events {
		all[i] = listable{event.id, event.subject, event.hash, event.text}
	}
	query, err := l.over(l.app.ConcurrentDB().Select(l.collection.Name+".id").Distinct(true), all)
	if err != nil {
		return nil, err
	}
	if query, _, err = l.matching(query); err != nil {
		return nil, err
	}
	var ids []string
	if err := query.Column(&ids); err != nil {
		return nil, err
	}
	matched := make(map[string]bool, len(ids))
	for _, id := range ids {
		matched[id] = true
	}
	return slices.DeleteFunc(events, func(event entry) bool { return !matched[event.id] }), nil
}
