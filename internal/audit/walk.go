package audit

import (
	"container/heap"
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// entry is an event as the database has it, in a row of its own or sealed.
type entry struct {
	id, subject, hash, text string
	stored                  stored
	// listed is the subject of an event in a row without one, which is in a list.
	listed string
	// segment is the number of the segment with the event; 0 for one in a row.
	segment       int64
	lastOfSegment bool
	// archived is the archived segment that it stands for; nil for a single event.
	archived *segment
	// predecessor is the hash that the one of a sealed event was made with.
	predecessor string
}

// count returns how many events it is.
func (e *entry) count() int {
	if e.archived != nil {
		return e.archived.Events
	}
	return 1
}

// last returns the id and the number of the last event that it is.
func (e *entry) last() (id string, seq int64) {
	if e.archived != nil {
		return e.archived.LastID, e.stored.Seq + int64(e.archived.Events) - 1
	}
	return e.id, e.stored.Seq
}

// parse reads the text of an event in a row.
func (e *entry) parse() error {
	if e.stored.parse(e.text) != nil || e.stored.ID != e.id {
		return &Violation{Event: e.id, Problem: "it was altered"}
	}
	if e.subject == "" && e.stored.isListable() {
		e.subject, e.listed = e.stored.Patient, e.stored.Patient
	}
	if e.subject != e.stored.subject() {
		return &Violation{Event: e.id, Problem: "it was altered"}
	}
	return nil
}

// follows reports whether an event is the one after an event with a hash.
func (e *entry) follows(predecessor string) bool {
	if e.segment > 0 {
		return e.predecessor == predecessor
	}
	return linkHash(predecessor, e.text) == e.hash
}

// walkEntries yields the events whose id is not before from, in the order of their
// ids, from rows and from segments. The rows are of one state of the database; an event
// that is sealed meanwhile is yielded twice in a row.
func walkEntries(ctx context.Context, app core.App, from string, yield func(*entry) error) error {
	return (&sealedEntries{ctx: ctx, app: app, from: from}).walk(yield)
}

func (s *sealedEntries) walk(yield func(*entry) error) error {
	rows, err := s.app.ConcurrentDB().Select("id", "subject", "hash", "event").From("audit_log").
		Where(dbx.NewExp("[[id]] >= {:from}", dbx.Params{"from": s.from})).OrderBy("id").WithContext(s.ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	// After the rows, so that no event is missing in both.
	if err := s.find(); err != nil {
		return err
	}
	row := &entry{}
	next := func() error {
		if row = nil; rows.Next() {
			row = &entry{}
			return rows.Scan(&row.id, &row.subject, &row.hash, &row.text)
		}
		return rows.Err()
	}
	if err := next(); err != nil {
		return err
	}
	for {
		var before string
		if row != nil {
			before = row.id
		}
		found, err := s.upTo(before)
		switch {
		case err != nil:
			return err
		case found != nil:
			if err := yield(found); err != nil {
				return err
			}
			continue
		case row == nil:
			return nil
		}
		if err := row.parse(); err != nil {
			return err
		}
		if err := yield(row); err != nil {
			return err
		}
		if err := next(); err != nil {
			return err
		}
	}
}

// sealedEntries are the events of all segments in the order of their ids. Segments of
// one chain follow each other, and those of different chains overlap.
type sealedEntries struct {
	ctx  context.Context
	app  core.App
	from string
	// withoutArchive leaves out the events of archived segments: one entry stands for each.
	withoutArchive bool
	waiting        []*segment
	open           opened
}

// find looks up the segments.
func (s *sealedEntries) find() error {
	err := s.app.ConcurrentDB().Select(segmentColumns...).From("audit_segments").Where(dbx.NewExp("[[last_id]] >= {:from}", dbx.Params{"from": s.from})).
		OrderBy("first_id").WithContext(s.ctx).All(&s.waiting)
	return explain(s.ctx, s.app.ConcurrentDB(), err, "audit_segments", "number", "first_seq", "events")
}

// upTo returns the next event, if its id is not after another one; nil if it is, or if
// there is none. An empty id is after all.
func (s *sealedEntries) upTo(id string) (*entry, error) {
	for len(s.waiting) > 0 {
		first := s.waiting[0].FirstID
		if len(s.open) > 0 && s.open[0][0].id < first || id != "" && id < first {
			break
		}
		events, err := s.eventsOf(s.waiting[0])
		if err != nil {
			return nil, err
		}
		s.waiting = s.waiting[1:]
		for len(events) > 0 && events[0].id < s.from {
			events = events[1:]
		}
		if len(events) > 0 {
			heap.Push(&s.open, events)
		}
	}
	if len(s.open) == 0 || id != "" && id < s.open[0][0].id {
		return nil, nil
	}
	next := &s.open[0][0]
	if s.open[0] = s.open[0][1:]; len(s.open[0]) == 0 {
		heap.Pop(&s.open)
	} else {
		heap.Fix(&s.open, 0)
	}
	return next, nil
}

// eventsOf returns the events of a segment.
func (s *sealedEntries) eventsOf(sealed *segment) ([]entry, error) {
	if !s.withoutArchive || sealed.Object == "" {
		return sealed.load(s.ctx, s.app)
	}
	return []entry{sealed.entry()}, nil
}

// opened are the events of segments that are left, as a heap by the first of each.
type opened [][]entry

// Len implements heap.Interface.
func (o opened) Len() int { return len(o) }

// Less implements heap.Interface.
func (o opened) Less(i, j int) bool { return o[i][0].id < o[j][0].id }

// Swap implements heap.Interface.
func (o opened) Swap(i, j int) { o[i], o[j] = o[j], o[i] }

// Push implements heap.Interface.
func (o *opened) Push(events any) { *o = append(*o, events.([]entry)) }

// Pop implements heap.Interface.
func (o *opened) Pop() any {
	last := (*o)[len(*o)-1]
	*o = (*o)[:len(*o)-1]
	return last
}
