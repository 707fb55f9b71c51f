package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
)

// segmentList is what the events of a segment are looked up by that is not in the index yet.
// Each column is a JSON object with the numbers of its events by key.
type segmentList struct {
	Segment  int64  `db:"segment"`
	Patients string `db:"patients"`
	Sets     string `db:"sets"`
	Agents   string `db:"agents"`
}

// listOf returns the list of events; nil if one of them cannot be in a list.
func listOf(events []entry) *segmentList {
	patients, sets, agents := map[string]int{}, map[string]int{}, map[string]int{}
	for i := range events {
		event := &events[i].stored
		if len(event.Checkpoints) > 0 { // whose events stay rows
			return nil
		}
		if event.Set != "" {
			sets[event.Set]++
		} else if event.Patient != "" {
			patients[event.Patient]++
		}
		if event.Agent != "" {
			agents[event.Agent]++
		}
	}
	list := &segmentList{}
	for text, counts := range map[*string]map[string]int{&list.Patients: patients, &list.Sets: sets, &list.Agents: agents} {
		encoded := []byte{'{'}
		for key, events := range counts {
			if !isListable(key) || isSetID(key) != (text == &list.Sets) {
				return nil
			}
			encoded = append(append(append(encoded, '"'), key...), `":`...)
			encoded = append(strconv.AppendInt(encoded, int64(events), 10), ',')
		}
		*text = strings.TrimSuffix(string(encoded), ",") + "}"
	}
	return list
}

// isListable reports whether a key is the same in JSON and in the pattern that looks for it.
func isListable(key string) bool {
	for i := range len(key) {
		if c := key[i]; c <= ' ' || c > '~' || strings.IndexByte(`"\<>&,`, c) >= 0 {
			return false
		}
	}
	return true
}

func (l *segmentList) insert(ctx context.Context, database dbx.Builder) error {
	_, err := database.NewQuery("INSERT INTO audit_segment_lists (segment, patients, sets, agents) VALUES ({:segment}, {:patients}, {:sets}, {:agents})").
		Bind(dbx.Params{"segment": l.Segment, "patients": l.Patients, "sets": l.Sets, "agents": l.Agents}).WithContext(ctx).Execute()
	return err
}

// isSetID reports whether a key looks like the id of a set. Patients with such an id are in
// no list, so that nobody can take one for the other.
func isSetID(key string) bool {
	return len(key) == hex.EncodedLen(sha256.Size) && strings.Trim(key, "0123456789abcdef") == ""
}

// addTo adds the numbers of the segment's events by key.
func (l *segmentList) addTo(counts keyCounts) error {
	columns := map[string]string{"patients": l.Patients, "sets": l.Sets, "agents": l.Agents}
	for _, key := range sealedKeys {
		for _, column := range key.listed {
			if !addListed(counts, key.table, column, columns[column]) {
				return alteredList(l.Segment)
			}
		}
	}
	return nil
}

func alteredList(segment int64) *Violation {
	return &Violation{Problem: fmt.Sprintf("the list of segment %d was altered: histories and the dashboard may not show all of its events", segment)}
}

// addListed adds the numbers in a column of a list. It reports false if the text is not one
// that listOf makes: another one may be the same for JSON, and not for who looks for a key.
func addListed(counts keyCounts, table, column, text string) bool {
	inner, isOpened := strings.CutPrefix(text, "{")
	inner, isClosed := strings.CutSuffix(inner, "}")
	if !isOpened || !isClosed {
		return false
	}
	if inner == "" {
		return true
	}
	for each := range strings.SplitSeq(inner, ",") {
		key, number, _ := strings.Cut(strings.TrimPrefix(each, `"`), `":`)
		events, err := strconv.Atoi(number)
		at := [2]string{table, key}
		if _, isTwice := counts[at]; err != nil || events < 1 || isTwice || key == "" || !isListable(key) || each != `"`+key+`":`+strconv.Itoa(events) {
			return false
		}
		if table == "audit_segment_subjects" && isSetID(key) != (column == "sets") {
			return false
		}
		counts[at] = events
	}
	return true
}

// listsAtOnce is how many lists go into the index in one transaction, which others wait
// for: the more, the fewer pages are written for each.
const listsAtOnce = 16

// indexLists puts the lists into the index, some at a time.
func indexLists(ctx context.Context, app core.App) error {
	if !app.HasTable("audit_segment_lists") {
		return errNotMigrated
	}
	if trail := Of(app); trail != nil {
		defer trail.room.measureAgain()
	}
	for {
		begun, count := time.Now(), 0
		err := app.RunInTransaction(func(tx core.App) (err error) {
			count, err = indexSome(ctx, tx)
			return err
		})
		if err != nil || count < listsAtOnce {
			return err
		}
		if err := deadline.Sleep(ctx, time.Since(begun)); err != nil { // for others
			return err
		}
	}
}

// indexSome puts the oldest lists into the index, and returns how many.
func indexSome(ctx context.Context, tx core.App) (int, error) {
	var lists []segmentList
	err := tx.DB().Select("segment", "patients", "sets", "agents").From("audit_segment_lists").OrderBy("segment").Limit(listsAtOnce).WithContext(ctx).All(&lists)
	if err != nil || len(lists) == 0 {
		return 0, err
	}
	numbers, counts := make([]any, len(lists)), map[int64]keyCounts{}
	for i, list := range lists {
		numbers[i], counts[list.Segment] = list.Segment, keyCounts{}
		if err := list.addTo(counts[list.Segment]); err != nil {
			return 0, err
		}
	}
	result, err := tx.DB().Delete("audit_segment_lists", dbx.In("segment", numbers...)).WithContext(ctx).Execute()
	if err != nil {
		return 0, err
	}
	if deleted, err := result.RowsAffected(); err != nil || deleted != int64(len(lists)) {
		return 0, errors.Join(err, errSealing)
	}
	return len(lists), storeIndex(ctx, tx, counts)
}
