package deadline

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
)

// ErrTooMuch is the error of work that would hold too many bytes.
var ErrTooMuch = errors.New("the request would hold too many bytes")

// Bytes bounds what work reads and holds. The first rows of statements are apart, so
// that a record of any length can be read, and changed, beside others.
type Bytes struct {
	// Firsts is for the first rows of all statements together, Others for all other rows.
	Firsts, Others int64
}

// room is what is left of Bytes.
type room struct{ firsts, others atomic.Int64 }

// Bound makes work end with ErrTooMuch once its statements have read more than that.
// Only those count that begin afterwards. It suits work that holds what it reads; the
// rows of other work are not counted.
func (w *Work) Bound(bytes Bytes) {
	left := &room{}
	left.firsts.Store(bytes.Firsts)
	left.others.Store(bytes.Others)
	w.room.Store(left)
}

// Reading counts the rows of one statement for the work that it belongs to. The zero
// value counts nothing.
type Reading struct {
	work *Work
	left *room
	// begun is set once the first row has been counted.
	begun bool
}

// ReadingOf returns the count of the rows of a statement that runs in a context.
func ReadingOf(ctx context.Context) Reading {
	work := Of(ctx)
	if work == nil {
		return Reading{}
	}
	return Reading{work: work, left: work.room.Load()}
}

// Count counts a row. It returns ErrTooMuch once the work holds too much.
func (r *Reading) Count(row []driver.Value) error {
	if r.left == nil {
		return nil
	}
	left := &r.left.others
	if !r.begun {
		r.begun, left = true, &r.left.firsts
	}
	if left.Add(-sizeOf(row)) >= 0 {
		return nil
	}
	r.work.mutex.Lock()
	defer r.work.mutex.Unlock()
	r.work.expire()
	r.work.finish(ErrTooMuch)
	return ErrTooMuch
}

// sizeOf returns the bytes of a row's texts. Numbers are bounded with the rows.
func sizeOf(row []driver.Value) int64 {
	size := 0
	for _, value := range row {
		switch value := value.(type) {
		case string:
			size += len(value)
		case []byte:
			size += len(value)
		}
	}
	return int64(size)
}

// IsEnd reports whether an error is that work has ended.
func IsEnd(err error) bool { return errors.Is(err, ErrExceeded) || errors.Is(err, ErrTooMuch) }
