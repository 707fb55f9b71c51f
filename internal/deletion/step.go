package deletion

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/realtime"
	"carebase/internal/search"
)

// step is one transaction of the worker.
type step struct {
	ctx        context.Context
	app        core.App
	room       *realtime.Room
	postgreSQL bool
	// piece is how many records one statement removes at most, end when the step
	// begins no other statement.
	piece   int
	end     time.Time
	deleted pending
	root    *core.Collection
	// removed counts what is removed, before what was when drain was last called. isLast
	// is whether drain has found nothing more.
	removed, before int
	isLast          bool
	// events are to be recorded, by collection.
	events []*audit.Event
	// known are the relations to collections, and awaited whether anybody subscribes to
	// them, by id.
	known   map[string][]reference
	awaited map[string]bool
	// empty are the relations to the deleted record that no record has any more.
	empty []reference
	// told is how many records subscribers are told of by tell, after the commit.
	told int
	tell []func()
	// indexes are the search indexes of what is removed.
	indexes []search.Index
}

// mostTold is how many deletions a step tells subscribers of: as many may wait for a
// client again that has not read those of the step before.
const mostTold = realtime.MaxMessages / 2

// remove removes some of what belongs to the deleted record, piece by piece until the
// time is up: how long a piece takes depends on what else the machine does.
func (s *step) remove() error {
	for {
		s.before = s.removed
		err := s.drain(s.root, []string{s.deleted.Record}, []string{s.root.Id})
		if err == nil {
			err = s.keepIndexes()
		}
		if err != nil {
			return err
		}
		s.isLast = !s.hasRemoved()
		if s.isLast || s.told >= mostTold || time.Now().After(s.end) {
			break
		}
	}
	for _, event := range s.events {
		if err := audit.RecordFor(s.app, s.deleted.Origin, *event); err != nil {
			return err
		}
	}
	return nil
}

func (s *step) hasRemoved() bool { return s.removed > s.before }

// referencesTo returns the relations to a collection.
func (s *step) referencesTo(collection *core.Collection) (found []reference, err error) {
	found, known := s.known[collection.Id]
	if known {
		return found, nil
	}
	if found, err = referencesTo(s.app, collection); err == nil {
		s.known[collection.Id] = found
	}
	return found, err
}

// isAwaited reports whether anybody subscribes to a collection.
func (s *step) isAwaited(collection *core.Collection) bool {
	found, known := s.awaited[collection.Id]
	if !known {
		found = s.room.IsAwaited(collection)
		s.awaited[collection.Id] = found
	}
	return found
}

// pieceOf returns how many records of a collection to remove at most with a statement.
func (s *step) pieceOf(collection *core.Collection) int {
	if s.isAwaited(collection) {
		return min(s.piece, mostTold-s.told)
	}
	return s.piece
}

// eventOf returns the event that tells of the removed records of a collection.
func (s *step) eventOf(collection *core.Collection) *audit.Event {
	for _, event := range s.events {
		if event.Collection == collection.Name {
			return event
		}
	}
	s.events = append(s.events, &audit.Event{
		Action: audit.Delete, Collection: collection.Name, Detail: "belonged to " + s.root.Name + " " + s.deleted.Record + ", which was deleted",
	})
	return s.events[len(s.events)-1]
}

// drain removes records that refer to some others, and first what refers to them. It
// returns after the first that it has removed.
func (s *step) drain(target *core.Collection, ids, path []string) error {
	references, err := s.referencesTo(target)
	if err != nil {
		return err
	}
	for _, reference := range references {
		if s.isEmpty(reference, path) {
			continue
		}
		isLeaf, err := s.removeUnseen(reference, ids)
		if err == nil && isLeaf && s.removed-s.before < s.piece {
			s.setEmpty(reference, path) // there were fewer than it asked for
		}
		if err != nil || s.hasRemoved() {
			return err
		}
		if isLeaf {
			continue
		}
		found, err := s.referring(reference, ids)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			s.setEmpty(reference, path)
			continue
		case !reference.removes():
			return s.oneByOne(reference.from, found, func(record *core.Record) error { return s.unrefer(record, reference.field, ids) })
		case slices.Contains(path, reference.from.Id) || len(path) >= maxDepth || !isOwn(s.app, reference.from):
			return s.oneByOne(reference.from, found, func(record *core.Record) error { return s.app.DeleteWithContext(s.ctx, record) })
		}
		if err := s.drain(reference.from, found, append(slices.Clone(path), reference.from.Id)); err != nil || s.hasRemoved() {
			return err
		}
		return s.removeAll(reference.from, found)
	}
	return nil
}

// oneByOne changes records with all hooks, as many as there is time for.
func (s *step) oneByOne(collection *core.Collection, ids []string, change func(*core.Record) error) error {
	for _, id := range ids {
		records, err := s.load(collection, []string{id})
		if err != nil {
			return err
		}
		for _, record := range records {
			if err := change(record); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			s.removed++
		}
		if time.Now().After(s.end) {
			return nil
		}
	}
	return nil
}

// unrefer takes ids out of a relation, or deletes the record if it has no others and
// goes with them.
func (s *step) unrefer(record *core.Record, field *core.RelationField, ids []string) error {
	left := slices.DeleteFunc(record.GetStringSlice(field.Name), func(id string) bool { return slices.Contains(ids, id) })
	if len(left) == 0 && field.CascadeDelete {
		return s.app.DeleteWithContext(s.ctx, record)
	}
	record.Set(field.Name, left)
	return s.app.SaveNoValidateWithContext(s.ctx, record)
}

// load returns records that queries do not show any more.
func (s *step) load(collection *core.Collection, ids []string) ([]*core.Record, error) {
	list, params, err := listOf(ids)
	if err != nil {
		return nil, err
	}
	var rows []dbx.NullStringMap
	err = s.app.DB().NewQuery("SELECT * FROM {{" + collection.Name + "}} WHERE [[id]] IN (" + list + ")").Bind(params).WithContext(s.ctx).All(&rows)
	if err != nil {
		return nil, err
	}
	records := make([]*core.Record, len(rows))
	for i, row := range rows {
		record := core.NewRecord(collection)
		for _, field := range collection.Fields {
			var stored any
			if column := row[field.GetName()]; column.Valid {
				stored = column.String
			}
			value, err := field.PrepareValue(record, stored)
			if err != nil {
				return nil, err
			}
			record.SetRaw(field.GetName(), value)
		}
		if err := record.PostScan(); err != nil {
			return nil, err
		}
		records[i] = record
	}
	return records, nil
}

// note stores how much is left.
func (s *step) note() error {
	_, err := s.app.DB().NewQuery(`UPDATE record_deletions SET remaining = CASE WHEN remaining > {:removed} THEN remaining - {:removed} ELSE remaining END
		WHERE collection = {:collection} AND record = {:record} AND remaining > 0`).
		Bind(dbx.Params{"removed": s.removed, "collection": s.deleted.Collection, "record": s.deleted.Record}).WithContext(s.ctx).Execute()
	return err
}
