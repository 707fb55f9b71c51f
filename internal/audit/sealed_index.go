package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/pocketbase/dbx"
)

// sealedIndex compares where sealed events are looked up with what is sealed. It adds
// up hashes of both, in any order.
type sealedIndex struct {
	// last is the number of the last segment that is compared.
	last int64
	// segment has the subjects of the segments that are being walked.
	segment  map[int64]map[string]int
	expected [2]uint64
}

// isLater reports whether one of two entries with the same event was sealed after the
// verification began.
func (s *sealedIndex) isLater(a, b *entry) bool { return max(a.segment, b.segment) > s.last }

// expect counts an event.
func (s *sealedIndex) expect(event *entry) {
	if event.segment == 0 || event.segment > s.last {
		return
	}
	if s.segment == nil {
		s.segment = map[int64]map[string]int{}
	}
	subjects := s.segment[event.segment]
	if subjects == nil {
		subjects = map[string]int{}
		s.segment[event.segment] = subjects
	}
	if event.subject != "" {
		subjects[event.subject]++
	}
	if event.lastOfSegment {
		s.settle(event.segment)
	}
}

// settle adds up the subjects of a segment.
func (s *sealedIndex) settle(number int64) {
	for subject, events := range s.segment[number] {
		add(&s.expected, subject, number, events)
	}
	delete(s.segment, number)
}

func add(sum *[2]uint64, subject string, segment int64, events int) {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", subject, segment, events))
	for i := range sum {
		sum[i] += binary.BigEndian.Uint64(digest[i*8:])
	}
}

// compare compares the database's index with what was counted.
func (s *sealedIndex) compare(ctx context.Context, database dbx.Builder) error {
	for number := range s.segment {
		s.settle(number)
	}
	rows, err := database.Select("subject", "segment", "events").From("audit_segment_subjects").
		Where(dbx.NewExp("[[segment]] <= {:last}", dbx.Params{"last": s.last})).WithContext(ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	var found [2]uint64
	for rows.Next() {
		var subject string
		var segment int64
		var events int
		if err := rows.Scan(&subject, &segment, &events); err != nil {
			return err
		}
		add(&found, subject, segment, events)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if found != s.expected {
		return &Violation{Problem: "the index of the sealed events was altered: histories may not show all of them"}
	}
	return nil
}
