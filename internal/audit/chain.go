package audit

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
	"carebase/internal/rest"
)

// chain is a hash chain that this process writes. A transaction holds it
// exclusively from its first event until it ends, so that a rollback leaves no gap
// in the numbers and no two events have the same predecessor.
type chain struct {
	id   string
	seq  int64
	hash string
	// uncertain is set after a failed transaction: the end must be read from the
	// database.
	uncertain bool
	ids       idSource
}

// chains is a pool of the chains that no transaction holds. It grows to the
// highest number of concurrent transactions: on SQLite, of those that are committed together.
type chains struct {
	mutex sync.Mutex
	free  []*chain
}

// errForked means that something else has written to a chain of this process, or that
// its end was lost: a standby that is promoted may lack the last transactions.
var errForked = fmt.Errorf("the end of an audit chain is another than was written: %w", dberror.ErrUnavailable)

// take returns a free chain, or begins one.
func (c *chains) take(tx core.App) (*chain, error) {
	c.mutex.Lock()
	var taken *chain
	if last := len(c.free) - 1; last >= 0 {
		taken, c.free = c.free[last], c.free[:last]
	}
	c.mutex.Unlock()
	if taken == nil {
		return begin(tx)
	}
	if !taken.uncertain {
		return taken, nil
	}
	err := tx.DB().Select("seq", "hash").From("audit_chains").
		Where(dbx.HashExp{"id": taken.id}).Row(&taken.seq, &taken.hash)
	if errors.Is(err, sql.ErrNoRows) {
		return begin(tx) // the transaction that began it was rolled back
	}
	return taken, err
}

// giveBack returns a chain to the pool when its transaction has ended with err;
// seq and hash are its new end.
func (c *chains) giveBack(returned *chain, seq int64, hash string, err error) {
	if returned.uncertain = err != nil; !returned.uncertain {
		returned.seq, returned.hash = seq, hash
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.free = append(c.free, returned)
}

// origin is the beginning of a chain. It includes the end of the chain begun
// before, so that a whole chain cannot be removed once a later one exists.
type origin struct {
	ID         string `db:"id"`
	StartedAt  string `db:"started_at"`
	Parent     string `db:"parent"`
	ParentSeq  int64  `db:"parent_seq"`
	ParentHash string `db:"parent_hash"`
}

func (o origin) hash() string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d\n%s", o.ID, o.StartedAt, o.Parent, o.ParentSeq, o.ParentHash))
	return hex.EncodeToString(digest[:])
}

func begin(tx core.App) (*chain, error) {
	now := time.Now()
	begun := origin{ID: new(idSource).next(now), StartedAt: now.UTC().Format(rest.AnsweredTime)}
	err := tx.DB().Select("id", "seq", "hash").From("audit_chains").OrderBy("id DESC").Limit(1).
		Row(&begun.Parent, &begun.ParentSeq, &begun.ParentHash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	first := begun.hash()
	_, err = tx.DB().Insert("audit_chains", dbx.Params{
		"id": begun.ID, "started_at": begun.StartedAt,
		"parent": begun.Parent, "parent_seq": begun.ParentSeq, "parent_hash": begun.ParentHash,
		"seq": 0, "hash": first, "checkpoint_seq": 0, "checkpoint_hash": first,
	}).Execute()
	return &chain{id: begun.ID, hash: first}, err
}

// idSource generates ids that sort by time, each after the one before.
type idSource struct{ milliseconds, number uint64 }

// The lengths of an id's parts in base-36 digits.
const (
	timeDigits   = 9
	numberDigits = 11
)

func (s *idSource) next(now time.Time) string {
	if milliseconds := uint64(now.UnixMilli()); milliseconds > s.milliseconds {
		s.milliseconds, s.number = milliseconds, rand.Uint64N(1<<55)
	} else {
		s.number++
	}
	return digits(s.milliseconds, timeDigits) + digits(s.number, numberDigits)
}

// idBefore returns a text that sorts before all ids generated at a time or later.
func idBefore(at time.Time) string {
	return digits(uint64(max(0, at.UnixMilli())), timeDigits)
}

// timeOf returns when an id was generated, to the millisecond; the zero time if it
// is not an id.
func timeOf(id string) time.Time {
	if len(id) < timeDigits {
		return time.Time{}
	}
	milliseconds, err := strconv.ParseInt(id[:timeDigits], 36, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds)
}

func digits(number uint64, length int) string {
	text := strconv.FormatUint(number, 36)
	return strings.Repeat("0", max(0, length-len(text))) + text
}
