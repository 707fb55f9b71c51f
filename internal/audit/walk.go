package audit

import (
	"container/heap"
	"context"
	"errors"
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
)

// entry is an event as the database has it, in a row of its own or sealed.
type entry struct {
	id, subject, hash, text string
	stored                  stored
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

// walkEntries yields the events whose id is not before from, in the order of their ids, from
// rows and from segments: those of one state of the database.
func walkEntries(ctx context.Context, app core.App, from string, yield func(*entry) error) error {
	return (&sealedEntries{ctx: ctx, app: app, from: from}).walk(yield)
}

func (s *sealedEntries) walk(yield func(*entry) error) error {
	rows, err := s.rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := s.find(); err != nil {
		return err
	}
	for {
		var before string
		if rows.row != nil {
			before = rows.row.id
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
		case rows.row == nil:
			return nil
		}
		if err := rows.row.parse(); err != nil {
			return err
		}
		if err := yield(rows.row); err != nil {
			return err
		}
		if err := rows.next(); err != nil {
			return err
		}
	}
}

// rowEntries are the events in rows; row is the next one, nil at the end.
type rowEntries struct {
	*dbx.Rows
	row *entry
}

func (r *rowEntries) next() error {
	if r.row = nil; r.Next() {
		r.row = &entry{}
		return r.Scan(&r.row.id, &r.row.subject, &r.row.hash, &r.row.text)
	}
	return r.Err()
}

var errNotMigrated = errors.New("the database is of an earlier version: 'carebase migrate up' or the start of a server migrates it")

// snapshots is how often rows are asked for at most while segments are stored.
const snapshots = 20

// rows returns the events in rows, and notes the last segment of the same state of the
// database: no segment is stored while the first row is read.
func (s *sealedEntries) rows() (*rowEntries, error) {
	if !s.app.HasTable("audit_segment_lists") {
		return nil, errNotMigrated
	}
	for range snapshots {
		before, err := lastSegment(s.ctx, s.app.ConcurrentDB())
		if err != nil {
			return nil, err
		}
		found, err := s.app.ConcurrentDB().Select("id", "subject", "hash", "event").From("audit_log").
			Where(dbx.NewExp("[[id]] >= {:from}", dbx.Params{"from": s.from})).OrderBy("id").WithContext(s.ctx).Rows()
		if err != nil {
			return nil, err
		}
		rows := &rowEntries{Rows: found}
		if err = rows.next(); err == nil {
			s.last, err = lastSegment(s.ctx, s.app.ConcurrentDB())
		}
		if err == nil && s.last == before {
			return rows, nil
		}
		if err := errors.Join(err, rows.Close()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("audit events are sealed all the time: %w", dberror.ErrUnavailable)
}

// sealedEntries are the events of all segments in the order of their ids. Segments of
// one chain follow each other, and those of different chains overlap.
type sealedEntries struct {
	ctx  context.Context
	app  core.App
	from string
	// withoutArchive leaves out the events of archived segments: one entry stands for each.
	withoutArchive bool
	// last is the number of the last segment.
	last    int64
	waiting []*segment
	open    opened
}

// find looks up the segments.
func (s *sealedEntries) find() error {
	err := s.app.ConcurrentDB().Select(segmentColumns...).From("audit_segments").Where(dbx.NewExp("[[last_id]] >= {:from} AND [[number]] <= {:last}", dbx.Params{"from": s.from, "last": s.last})).
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
