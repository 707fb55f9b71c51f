package audit

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// An index of subjects is most of what an event costs on SQLite: the events that come
// together are of many patients, and each is on another page. Where many come together,
// one row lists their subjects, and their own rows have none, which the index leaves out.

const (
	// worthListing is how many events of one transaction are at least listed.
	worthListing = 64
	// listedFor is how long events are rows at most, if their subjects are listed: looking
	// for a patient reads the lists of all rows.
	listedFor = 24 * time.Hour
	// listsAtOnce is how many lists are read at a time.
	listsAtOnce = 256
)

// isIndexed is the condition of the index of subjects.
const isIndexed = "[[subject]] <> ''"

// subjectList has the subjects of successive events, whose ids are successive, too.
type subjectList struct {
	FirstID string `db:"first_id"`
	LastID  string `db:"last_id"`
	// Subjects has, between spaces, each subject with a colon and the numbers of its
	// events, counted from 0 and separated by commas.
	Subjects string `db:"subjects"`
	// IsWhole is whether all events are rows still: the first is sealed, or pruned, before
	// the others are.
	IsWhole bool `db:"is_whole"`
}

// listSubjects takes the subjects that are patients out of rows, and returns them.
func listSubjects(rows []newRow, events []*stored) *subjectList {
	var subjects [][]byte
	known := make(map[string]int, len(rows))
	for i, event := range events {
		if !event.isListable() {
			continue
		}
		rows[i][1] = ""
		at, found := known[event.Patient]
		if !found {
			at, known[event.Patient] = len(subjects), len(subjects)
			subjects = append(subjects, append([]byte(event.Patient), ':'))
		} else {
			subjects[at] = append(subjects[at], ',')
		}
		subjects[at] = strconv.AppendInt(subjects[at], int64(i), 10)
	}
	list := []byte{' '}
	for _, subject := range subjects {
		list = append(append(list, subject...), ' ')
	}
	return &subjectList{FirstID: events[0].ID, LastID: events[len(events)-1].ID, Subjects: string(list)}
}

// isListable reports whether the subject of an event may be in a list.
func (s *stored) isListable() bool {
	return s.Set == "" && len(s.Checkpoints) == 0 && isListable(s.Patient)
}

// isListable reports whether a patient's id is one of PocketBase's.
func isListable(patient string) bool {
	for i := range len(patient) {
		if c := patient[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return patient != ""
}

func (l *subjectList) store(tx core.App) error {
	_, err := tx.DB().NewQuery("INSERT INTO audit_log_subjects (first_id, last_id, subjects) VALUES ({:first}, {:last}, {:subjects})").
		Bind(dbx.Params{"first": l.FirstID, "last": l.LastID, "subjects": l.Subjects}).Execute()
	return err
}

// idsOf returns the ids of a patient's events, the newest first.
func (l *subjectList) idsOf(patient string) (ids []string) {
	_, found, _ := strings.Cut(l.Subjects, " "+patient+":")
	found, _, _ = strings.Cut(found, " ")
	for text := range strings.SplitSeq(found, ",") {
		if number, err := strconv.ParseUint(text, 10, 32); err == nil {
			ids = append(ids, idAfter(l.FirstID, number))
		}
	}
	slices.Reverse(ids)
	return ids
}

// idAfter returns the id that is some numbers after another one.
func idAfter(id string, numbers uint64) string {
	if len(id) != timeDigits+numberDigits {
		return ""
	}
	number, err := strconv.ParseUint(id[timeDigits:], 36, 64)
	if err != nil {
		return ""
	}
	return id[:timeDigits] + digits(number+numbers, numberDigits)
}

// listsOf returns the newest lists with a patient that end before an id, and begin before
// another one; empty ids are after all.
func listsOf(ctx context.Context, app core.App, patient, end, begin string) (lists []subjectList, err error) {
	where := dbx.NewExp("instr([[subjects]], {:patient}) > 0", dbx.Params{"patient": " " + patient + ":"})
	if end != "" {
		where = dbx.And(dbx.NewExp("[[last_id]] < {:end}", dbx.Params{"end": end}), where)
	}
	if begin != "" {
		where = dbx.And(dbx.NewExp("[[first_id]] < {:begin}", dbx.Params{"begin": begin}), where)
	}
	err = app.ConcurrentDB().
		Select("first_id", "last_id", "subjects", "EXISTS (SELECT 1 FROM audit_log WHERE id = first_id) AS is_whole").From("audit_log_subjects").Where(where).
		OrderBy("last_id DESC").Limit(listsAtOnce).WithContext(ctx).All(&lists)
	return lists, err
}

// addListed adds the newest events in rows whose subjects are listed to the others in
// rows, as many as are asked for.
func addListed(ctx context.Context, app core.App, newest []entry, asked about, limit int) ([]entry, error) {
	before := len(newest)
	for end := ""; len(newest)-before < limit; {
		lists, err := listsOf(ctx, app, asked.patient, end, asked.before)
		if err != nil {
			return nil, err
		}
		var ids []string
		for _, list := range lists {
			end = list.LastID
			ids = append(ids, slices.DeleteFunc(list.idsOf(asked.patient), func(id string) bool { return asked.before != "" && id >= asked.before })...)
		}
		for chunk := range slices.Chunk(ids, idsAtOnce) {
			if len(newest)-before >= limit {
				break // the others are older
			}
			var rows []row
			if err := findListed(ctx, app, "id, event", chunk).All(&rows); err != nil {
				return nil, err
			}
			events, err := parseRows(rows)
			if err != nil {
				return nil, err
			}
			newest = append(newest, slices.DeleteFunc(events, func(event entry) bool { return event.stored.Patient != asked.patient })...)
		}
		if len(lists) < listsAtOnce {
			break
		}
	}
	slices.SortFunc(newest, func(a, b entry) int { return cmp.Compare(b.id, a.id) })
	return newest[:min(limit, len(newest))], nil
}

// countListed counts the events of a patient in rows whose subjects are listed.
func countListed(ctx context.Context, app core.App, patient string) (count int64, err error) {
	for end := ""; ; {
		lists, err := listsOf(ctx, app, patient, end, "")
		if err != nil {
			return 0, err
		}
		var uncertain []string
		for _, list := range lists {
			ids := list.idsOf(patient)
			if end = list.LastID; list.IsWhole {
				count += int64(len(ids))
			} else {
				uncertain = append(uncertain, ids...)
			}
		}
		for chunk := range slices.Chunk(uncertain, idsAtOnce) {
			var found int64
			if err := findListed(ctx, app, "count(*)", chunk).Row(&found); err != nil {
				return 0, err
			}
			count += found
		}
		if len(lists) < listsAtOnce {
			return count, nil
		}
	}
}

// findListed returns a query for rows without a subject of their own.
func findListed(ctx context.Context, app core.App, columns string, ids []string) *dbx.Query {
	return app.ConcurrentDB().NewQuery("SELECT " + columns + ` FROM audit_log
		WHERE id IN (SELECT value FROM json_each({:ids})) AND subject = ''`).
		Bind(dbx.Params{"ids": `["` + strings.Join(ids, `","`) + `"]`}).WithContext(ctx)
}

// removeLists removes the lists of events that are not rows any more, of those that end
// between two ids.
func removeLists(ctx context.Context, database dbx.Builder, first, last string) error {
	_, err := database.NewQuery(`DELETE FROM audit_log_subjects WHERE last_id BETWEEN {:first} AND {:last}
		AND NOT EXISTS (SELECT 1 FROM audit_log WHERE id BETWEEN first_id AND last_id)`).
		Bind(dbx.Params{"first": first, "last": last}).WithContext(ctx).Execute()
	return err
}
