package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// segment is a stretch of a chain, sealed: one row in the place of those of its events.
// FirstAt and LastAt are when the earliest and the latest of them happened, which need
// not be the first and the last one.
// The content is compressed, and has the events' texts without their hashes, which
// follow from the hash before the first.
type segment struct {
	Number     int64  `db:"number"`
	Chain      string `db:"chain"`
	FirstSeq   int64  `db:"first_seq"`
	FirstID    string `db:"first_id"`
	LastID     string `db:"last_id"`
	FirstAt    string `db:"first_at"`
	LastAt     string `db:"last_at"`
	Events     int    `db:"events"`
	BeforeHash string `db:"before_hash"`
	LastHash   string `db:"last_hash"`
	// Object is the name of the content in the archive; empty while it is in the database.
	Object string `db:"object"`
}

// segmentColumns are those of a segment without its content.
var segmentColumns = []string{"number", "chain", "first_seq", "first_id", "last_id", "first_at", "last_at", "events", "before_hash", "last_hash", "object"}

// maxSegment bounds what a segment's content unpacks to.
const maxSegment = 256 << 20

// packer and unpacker compress and decompress whole contents, quickPacker what somebody
// waits for. All may be used by several goroutines.
var (
	packer      = newPacker(zstd.SpeedBetterCompression)
	quickPacker = newPacker(zstd.SpeedFastest)
	unpacker    = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSegment))
	})
)

func newPacker(level zstd.EncoderLevel) func() (*zstd.Encoder, error) {
	return sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
	})
}

// newSegment returns the segment of events, which follow one with a hash.
func newSegment(events []entry, before string) *segment {
	first, last := &events[0], &events[len(events)-1]
	sealed := &segment{
		Chain: first.stored.Chain, FirstSeq: first.stored.Seq, FirstID: first.id, LastID: last.id, Events: len(events), BeforeHash: before, LastHash: last.hash,
	}
	sealed.FirstAt, sealed.LastAt = period(events)
	return sealed
}

// pack returns the content of a segment of events, whose texts are lines: their JSON has no
// line breaks.
func pack(with func() (*zstd.Encoder, error), texts []byte) ([]byte, error) {
	encoder, err := with()
	if err != nil {
		return nil, err
	}
	return encoder.EncodeAll(texts, nil), nil
}

// unpack returns the events of a segment, or a *Violation if they are not those that
// were sealed.
func (s *segment) unpack(content []byte) ([]entry, error) {
	decoder, err := unpacker()
	if err != nil {
		return nil, err
	}
	altered := &Violation{Event: s.FirstID, Problem: fmt.Sprintf("the sealed events from it to %s were altered", s.LastID)}
	texts, err := decoder.DecodeAll(content, nil)
	if err != nil || len(texts) == 0 || texts[len(texts)-1] != '\n' {
		return nil, altered
	}
	events, hash := make([]entry, 0, s.Events), s.BeforeHash
	for text := range strings.SplitSeq(string(texts[:len(texts)-1]), "\n") {
		event := entry{text: text, segment: s.Number}
		if event.stored.parse(text) != nil || event.stored.Chain != s.Chain || event.stored.Seq != s.FirstSeq+int64(len(events)) {
			return nil, altered
		}
		event.id, event.subject, event.predecessor = event.stored.ID, event.stored.subject(), hash
		hash = linkHash(hash, text)
		event.hash = hash
		events = append(events, event)
	}
	first, last := period(events)
	if len(events) != s.Events || events[0].id != s.FirstID || events[len(events)-1].id != s.LastID || hash != s.LastHash || first != s.FirstAt || last != s.LastAt {
		return nil, altered
	}
	events[len(events)-1].lastOfSegment = true
	return events, nil
}

// period returns when the earliest and the latest of some events happened.
func period(events []entry) (first, last string) {
	for i, event := range events {
		at := event.stored.RecordedAt
		if i == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	return first, last
}

// load reads and unpacks the events of a segment.
func (s *segment) load(ctx context.Context, app core.App) ([]entry, error) {
	var content []byte
	var err error
	if s.Object == "" {
		content, err = s.stored(ctx, app)
	}
	if errors.Is(err, sql.ErrNoRows) { // unless it is archived meanwhile
		err = app.ConcurrentDB().Select("object").From("audit_segments").Where(dbx.HashExp{"number": s.Number, "first_id": s.FirstID}).WithContext(ctx).Row(&s.Object)
		if s.Object == "" && (err == nil || errors.Is(err, sql.ErrNoRows)) {
			return nil, &Violation{Event: s.FirstID, Problem: "it was sealed, and is missing"}
		}
	}
	if err == nil && s.Object != "" {
		content, err = s.archived(ctx, app)
	}
	if err != nil {
		return nil, err
	}
	return s.unpack(content)
}

// entry stands for all events of an archived segment.
func (s *segment) entry() entry {
	all := entry{id: s.FirstID, hash: s.LastHash, segment: s.Number, archived: s, predecessor: s.BeforeHash}
	all.stored.ID, all.stored.Chain, all.stored.Seq = s.FirstID, s.Chain, s.FirstSeq
	return all
}

// stored reads a segment's content in the database.
func (s *segment) stored(ctx context.Context, app core.App) (content []byte, err error) {
	err = app.ConcurrentDB().Select("content").From("audit_segment_contents").Where(dbx.HashExp{"segment": s.Number}).WithContext(ctx).Row(&content)
	return content, err
}

// insert stores a segment with its content, and numbers it.
func (s *segment) insert(ctx context.Context, database dbx.Builder, content []byte) error {
	number, err := lastSegment(ctx, database)
	if err != nil {
		return err
	}
	s.Number = number + 1
	_, err = database.Insert("audit_segments", dbx.Params{
		"number": s.Number, "chain": s.Chain, "first_seq": s.FirstSeq, "first_id": s.FirstID, "last_id": s.LastID,
		"first_at": s.FirstAt, "last_at": s.LastAt, "events": s.Events, "before_hash": s.BeforeHash, "last_hash": s.LastHash,
	}).WithContext(ctx).Execute()
	if err != nil {
		return err
	}
	_, err = database.Insert("audit_segment_contents", dbx.Params{"segment": s.Number, "content": content}).WithContext(ctx).Execute()
	return err
}

// lastSegment returns the highest number of a segment; 0 if there is none.
func lastSegment(ctx context.Context, database dbx.Builder) (number int64, err error) {
	err = database.Select("coalesce(max(number), 0)").From("audit_segments").WithContext(ctx).Row(&number)
	return number, err
}
