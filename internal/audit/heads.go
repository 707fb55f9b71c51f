package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/rest"
)

// Head is the last event of a chain.
type Head struct {
	Chain string `db:"id" json:"chain"`
	Seq   int64  `db:"seq" json:"seq"`
	Hash  string `db:"hash" json:"hash"`
	// NotedAt is when the head was read from the database.
	NotedAt time.Time `db:"-" json:"-"`
}

// Heads returns the head of each chain. Kept outside the database, heads let
// Verify detect chains that were shortened or rewritten since.
func Heads(ctx context.Context, database dbx.Builder) ([]Head, error) {
	heads := []Head{}
	err := database.Select("id", "seq", "hash").From("audit_chains").OrderBy("id").WithContext(ctx).All(&heads)
	return heads, err
}

// NotedHeads is the JSON form of heads outside the database. Log lines, backups'
// manifests and the output of "carebase audit heads" have its keys among others.
type NotedHeads struct {
	// Time is when the heads were noted, in RFC 3339.
	Time  string `json:"time,omitempty"`
	Heads []Head `json:"audit_heads"`
}

// NoteHeads returns heads as noted now.
func NoteHeads(heads []Head) NotedHeads {
	return NotedHeads{Time: time.Now().UTC().Format(rest.AnsweredTime), Heads: heads}
}

const (
	// maxHeadsLine bounds a line of what heads are read from.
	maxHeadsLine = 64 << 20
	// maxHeadsDocument bounds a JSON document of many lines: a backup's manifest,
	// which names every uploaded file.
	maxHeadsDocument = 1 << 30
	// maxHeads bounds the heads that are compared: decades of them.
	maxHeads = 5_000_000
)

var errTooManyHeads = fmt.Errorf("there are more than %d audit heads", maxHeads)

// headSet collects different heads, with the last time at which each was noted.
type headSet map[Head]time.Time

func (s headSet) add(noted time.Time, heads []Head) error {
	for _, head := range heads {
		head.NotedAt = time.Time{}
		if last, known := s[head]; !known || last.Before(noted) {
			s[head] = noted
		}
	}
	if len(s) > maxHeads {
		return errTooManyHeads
	}
	return nil
}

func (s headSet) sorted() []Head {
	heads := slices.SortedFunc(maps.Keys(s), func(a, b Head) int { return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.Seq, b.Seq)) })
	for i, head := range heads {
		heads[i].NotedAt = s[head]
	}
	return heads
}

// read adds the heads in JSON lines, which may stand among other lines, or in one
// JSON document. Heads without a time are taken as noted at a time given.
func (s headSet) read(source io.ReadSeeker, noted time.Time) error {
	before := len(s)
	lines := bufio.NewScanner(source)
	lines.Buffer(nil, maxHeadsLine)
	for lines.Scan() {
		if found, ok := headsOfLine(lines.Bytes()); ok {
			if err := s.add(found.at(noted), found.Heads); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) || len(s) > before {
		return err
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var found dated
	if json.NewDecoder(io.LimitReader(source, maxHeadsDocument)).Decode(&found) != nil {
		return nil // no heads
	}
	return s.add(found.at(noted), found.Heads)
}

// dated are noted heads with the name that manifests have for their time.
type dated struct {
	NotedHeads
	CreatedAt string `json:"created_at"`
}

func (d *dated) at(fallback time.Time) time.Time {
	for _, text := range []string{d.Time, d.CreatedAt} {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	}
	return fallback
}

var headsKey = []byte(`"audit_heads"`)

// headsOfLine returns the heads of a line that ends with a JSON object. What a
// logging system has put before the object is skipped.
func headsOfLine(line []byte) (*dated, bool) {
	if !bytes.Contains(line, headsKey) {
		return nil, false
	}
	for {
		begin := bytes.IndexByte(line, '{')
		if begin < 0 || !bytes.Contains(line[begin:], headsKey) {
			return nil, false
		}
		line = line[begin:]
		var found dated
		if json.NewDecoder(bytes.NewReader(line)).Decode(&found) == nil && len(found.Heads) > 0 {
			return &found, true
		}
		line = line[1:]
	}
}
