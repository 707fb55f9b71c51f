package deletion

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// isEmpty reports whether no record had a relation to the deleted record any more in this
// transaction. PostgreSQL would read all those again that are removed.
func (s *step) isEmpty(reference reference, path []string) bool {
	return len(path) == 1 && slices.Contains(s.empty, reference)
}

func (s *step) setEmpty(reference reference, path []string) {
	if len(path) == 1 {
		s.empty = append(s.empty, reference)
	}
}

// removeUnseen removes some records that refer to some others without looking at them:
// nobody is told of them, and nothing refers to them. It reports whether nothing ever does.
func (s *step) removeUnseen(to reference, ids []string) (isLeaf bool, err error) {
	if !to.removes() || !isOwn(s.app, to.from) || s.isAwaited(to.from) {
		return false, nil
	}
	further, err := s.referencesTo(to.from)
	if err != nil {
		return false, err
	}
	// SQLite would look through all the records that something refers to, with each piece.
	asks := func(each reference) bool {
		return !s.postgreSQL || each.field.IsMultiple() || each.from.Id == to.from.Id
	}
	if slices.ContainsFunc(further, asks) {
		return false, nil
	}
	return len(further) == 0, s.removeReferring(to, ids, further)
}

// removeReferring removes some records that refer to some others, unless further ones
// refer to them. Where a row is says its place: looking each up by its id would take most
// of the time on PostgreSQL, which deletes the next version of a row that changes
// meanwhile if that refers to them, too. Nothing changes meanwhile on SQLite, which would
// look for the places among all rows that refer to them if it was told again.
func (s *step) removeReferring(to reference, ids []string, further []reference) error {
	list, params, err := listOf(ids)
	if err != nil {
		return err
	}
	place, still := "_rowid_", ""
	if s.postgreSQL {
		place, still = "ctid", " AND "+to.where(list)
	}
	params["size"] = s.piece
	some := " FROM {{" + to.from.Name + "}} WHERE " + to.where(list) + " LIMIT {:size}"
	if len(further) == 0 {
		return s.delete(to.from, place+" IN (SELECT "+place+some+")"+still, params)
	}
	// The limit is inside, so that nobody looks for what refers to more than these.
	unless := make([]string, len(further))
	for i, each := range further {
		unless[i] = "NOT EXISTS (SELECT 1 FROM {{" + each.from.Name + "}} WHERE " + each.where("[[found.id]]") + ")"
	}
	some = "SELECT found." + place + " FROM (SELECT " + place + ", [[id]]" + some + ") AS found WHERE " + strings.Join(unless, " AND ")
	return s.delete(to.from, place+" IN ("+some+")"+still, params)
}

// listOf returns the list of some ids for a condition. PostgreSQL guesses how many an
// array has, and reads all of a table for many: one is compared as it is.
func listOf(ids []string) (list string, params dbx.Params, err error) {
	if len(ids) == 1 {
		return "{:id}", dbx.Params{"id": ids[0]}, nil
	}
	encoded, err := json.Marshal(ids)
	return "SELECT value FROM json_each({:ids})", dbx.Params{"ids": string(encoded)}, err
}

// referring returns the ids of some records that refer to some others.
func (s *step) referring(reference reference, ids []string) (found []string, err error) {
	list, params, err := listOf(ids)
	if err != nil {
		return nil, err
	}
	params["size"] = s.pieceOf(reference.from)
	err = s.app.DB().NewQuery("SELECT [[id]] FROM {{" + reference.from.Name + "}} WHERE " + reference.where(list) + " LIMIT {:size}").
		Bind(params).WithContext(s.ctx).Column(&found)
	return found, err
}

// removeAll removes records together, with what subscribers expect.
func (s *step) removeAll(collection *core.Collection, ids []string) error {
	if s.isAwaited(collection) {
		records, err := s.load(collection, ids)
		if err != nil {
			return err
		}
		s.tell, s.told = append(s.tell, s.room.Removing(records)), s.told+len(records)
	}
	list, params, err := listOf(ids)
	if err != nil {
		return err
	}
	return s.delete(collection, "[[id]] IN ("+list+")", params)
}

// delete deletes the records that a condition is true for, and records that.
func (s *step) delete(collection *core.Collection, where string, params dbx.Params) error {
	s.noteIndex(collection)
	patient := cmp.Or(collections.Get(collection.Name).Patient, core.FieldNameId)
	rows, err := s.app.DB().NewQuery("DELETE FROM {{" + collection.Name + "}} WHERE " + where + " RETURNING [[id]], [[" + patient + "]]").
		Bind(params).WithContext(s.ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, about string
		if err := rows.Scan(&id, &about); err != nil {
			return err
		}
		event := s.eventOf(collection) // only if there are any
		event.Records = append(event.Records, id)
		s.removed++
		if patient != core.FieldNameId {
			event.Patients = append(event.Patients, about)
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
