package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// sealedKeys are what sealed events are looked up by, with the tables that say in which
// segments they are.
var sealedKeys = []struct {
	table, column string
	of            func(*entry) string
}{
	{"audit_segment_subjects", "subject", func(event *entry) string { return event.subject }},
	{"audit_segment_agents", "agent", func(event *entry) string { return event.stored.Agent }},
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

// storeIndex stores in which segment the events of a patient, a set or a user are.
func (s *segment) storeIndex(ctx context.Context, tx core.App, run []entry) error {
	counts := keyCounts{}
	for i := range run {
		counts.add(&run[i])
	}
	for _, key := range sealedKeys {
		keys := slices.DeleteFunc(slices.Collect(maps.Keys(counts)), func(k [2]string) bool { return k[0] != key.table })
		slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[1], b[1]) })
		for chunk := range slices.Chunk(keys, keysAtOnce) {
			params, values := dbx.Params{"segment": s.Number}, make([]string, len(chunk))
			for i, each := range chunk {
				number := strconv.Itoa(i)
				params["k"+number], params["n"+number] = each[1], counts[each]
				values[i] = "({:k" + number + "}, {:segment}, {:n" + number + "})"
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

// isLater reports whether one of two entries with the same event was sealed after the
// verification began.
func (s *sealedIndex) isLater(a, b *entry) bool { return max(a.segment, b.segment) > s.last }

// expect counts an event.
func (s *sealedIndex) expect(event *entry) {
	if event.segment == 0 || event.segment > s.last || event.archived != nil {
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
		if err := s.addStored(ctx, database, key.table, key.column, &found); err != nil {
			return err
		}
	}
	if found != s.expected {
		return &Violation{Problem: "the index of the sealed events was altered: histories and the dashboard may not show all of them"}
	}
	return nil
}

// addStored adds up what a table has.
func (s *sealedIndex) addStored(ctx context.Context, database dbx.Builder, table, column string, sum *[2]uint64) error {
	// What names no segment is added, too: histories would count it. What is later than
	// the verification is that of a segment, which is stored in the same transaction.
	where := dbx.NewExp("[[segment]] <= {:last} OR [[segment]] NOT IN (SELECT [[number]] FROM {{audit_segments}})", dbx.Params{"last": s.last})
	if s.withoutArchive {
		where = dbx.And(where, dbx.NewExp("[[segment]] NOT IN (SELECT [[number]] FROM {{audit_segments}} WHERE [[object]] <> '')"))
	}
	rows, err := database.Select(column, "segment", "events").From(table).Where(where).WithContext(ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var segment int64
		var events int
		if err := rows.Scan(&key, &segment, &events); err != nil {
			return explain(ctx, database, err, table, column, "segment", "events")
		}
		add(sum, [2]string{table, key}, segment, events)
	}
	return rows.Err()
}
