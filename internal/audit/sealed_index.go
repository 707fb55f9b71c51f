package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// sealedKeys are what sealed events are looked up by, with the tables that say in which
// segments they are, and the columns of lists that say so meanwhile.
var sealedKeys = []struct {
	table, column string
	listed        []string
	of            func(*entry) string
}{
	{"audit_segment_subjects", "subject", []string{"patients", "sets"}, func(event *entry) string { return event.subject }},
	{"audit_segment_agents", "agent", []string{"agents"}, func(event *entry) string { return event.stored.Agent }},
}

// inLists returns a query for what the index will have of a key: lists without it are not
// taken apart.
func inLists(column, key string) string {
	return "SELECT CAST([[k.key]] AS TEXT), [[l.segment]], CAST([[k.value]] AS INTEGER) FROM {{audit_segment_lists}} l, json_each([[l." + column + "]]) k WHERE " +
		isListed("l."+column, key) + " AND [[k.key]] = " + key
}

// isListed returns the condition for lists that have a key.
func isListed(column, key string) string {
	return "instr([[" + column + "]], '\"' || " + key + " || '\":') > 0"
}

// keyCounts are the numbers of a segment's events by table and key.
type keyCounts map[[2]string]int

func (c keyCounts) add(event *entry) {
	for _, key := range sealedKeys {
		if value := key.of(event); value != "" {
			c[[2]string{key.table, value}]++
		}
	}
}

// keysAtOnce is the number of rows of one statement.
const keysAtOnce = 50

// storeIndex stores in which segments the events of a patient, a set or a user are: all
// rows of one key after the other, which are on one page.
func storeIndex(ctx context.Context, tx core.App, segments map[int64]keyCounts) error {
	type place struct {
		key     string
		segment int64
		events  int
	}
	for _, key := range sealedKeys {
		var places []place
		for segment, counts := range segments {
			for each, events := range counts {
				if each[0] == key.table {
					places = append(places, place{each[1], segment, events})
				}
			}
		}
		slices.SortFunc(places, func(a, b place) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.segment, b.segment)) })
		for chunk := range slices.Chunk(places, keysAtOnce) {
			params, values := dbx.Params{}, make([]string, len(chunk))
			for i, each := range chunk {
				number := strconv.Itoa(i)
				params["k"+number], params["s"+number], params["n"+number] = each.key, each.segment, each.events
				values[i] = "({:k" + number + "}, {:s" + number + "}, {:n" + number + "})"
			}
			_, err := tx.DB().NewQuery("INSERT INTO " + key.table + " (" + key.column + ", segment, events) VALUES " + strings.Join(values, ", ")).
				Bind(params).WithContext(ctx).Execute()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// indexOfRun returns the numbers of a segment's events by key.
func indexOfRun(run []entry) keyCounts {
	counts := keyCounts{}
	for i := range run {
		counts.add(&run[i])
	}
	return counts
}

// sealedIndex compares where sealed events are looked up with what is sealed. It adds
// up hashes of both, in any order.
type sealedIndex struct {
	// last is the number of the last segment that is compared.
	last int64
	// withoutArchive leaves out archived segments.
	withoutArchive bool
	// segment has the keys of the segments that are being walked.
	segment  map[int64]keyCounts
	expected [2]uint64
}

// expect counts an event.
func (s *sealedIndex) expect(event *entry) {
	if event.segment == 0 || event.archived != nil {
		return
	}
	if s.segment == nil {
		s.segment = map[int64]keyCounts{}
	}
	counts := s.segment[event.segment]
	if counts == nil {
		counts = keyCounts{}
		s.segment[event.segment] = counts
	}
	counts.add(event)
	if event.lastOfSegment {
		s.settle(event.segment)
	}
}

// settle adds up the keys of a segment.
func (s *sealedIndex) settle(number int64) {
	for key, events := range s.segment[number] {
		add(&s.expected, key, number, events)
	}
	delete(s.segment, number)
}

func add(sum *[2]uint64, key [2]string, segment int64, events int) {
	var buffer [160]byte
	text := append(append(append(append(buffer[:0], key[0]...), '\n'), key[1]...), '\n')
	text = strconv.AppendInt(append(strconv.AppendInt(text, segment, 10), '\n'), int64(events), 10)
	digest := sha256.Sum256(text)
	for i := range sum {
		sum[i] += binary.BigEndian.Uint64(digest[i*8:])
	}
}

// compare compares the database's index with what was counted.
func (s *sealedIndex) compare(ctx context.Context, database dbx.Builder) error {
	for number := range s.segment {
		s.settle(number)
	}
	var found [2]uint64
	for _, key := range sealedKeys {
		if err := s.addStored(ctx, database, key.table, key.column, key.listed, &found); err != nil {
			return err
		}
	}
	if found != s.expected {
		return &Violation{Problem: "the index of the sealed events was altered: histories and the dashboard may not show all of them"}
	}
	return nil
}

// addStored adds up what a table has, and the lists that will be in it: in one statement,
// because what is in a list goes into the table meanwhile.
func (s *sealedIndex) addStored(ctx context.Context, database dbx.Builder, table, column string, listed []string, sum *[2]uint64) error {
	// What names no segment is added, too: histories would count it. What is later than
	// the verification is that of a segment, which is stored in the same transaction.
	where := " WHERE ([[segment]] <= {:last} OR [[segment]] NOT IN (SELECT [[number]] FROM {{audit_segments}}))"
	if s.withoutArchive {
		where += " AND [[segment]] NOT IN (SELECT [[number]] FROM {{audit_segments}} WHERE [[object]] <> '')"
	}
	statement := "SELECT [[" + column + "]], [[segment]], [[events]], '', '' FROM {{" + table + "}}" + where
	for _, column := range listed {
		statement += " UNION ALL SELECT '', [[segment]], 0, '" + column + "', [[" + column + "]] FROM {{audit_segment_lists}}" + where
	}
	rows, err := database.NewQuery(statement).Bind(dbx.Params{"last": s.last}).WithContext(ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, listed, list string
		var segment int64
		var events int
		if err := rows.Scan(&key, &segment, &events, &listed, &list); err != nil {
			return explain(ctx, database, err, table, column, "segment", "events")
		}
		if listed == "" {
			add(sum, [2]string{table, key}, segment, events)
			continue
		}
		counts := keyCounts{}
		if !addListed(counts, table, listed, list) {
			return alteredList(segment)
		}
		for key, events := range counts {
			add(sum, key, segment, events)
		}
	}
	return rows.Err()
}
