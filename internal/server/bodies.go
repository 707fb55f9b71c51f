package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

// maxBodies is how many bytes the bodies of a caller's unanswered requests may have
// together: each has a limit, and a caller many connections. One alone may have more, as
// far as its own limit goes.
const maxBodies = 64 << 20

// errTooManyBytes is the error of either API for a body that is too large.
var errTooManyBytes = fmt.Errorf("%w: %w", apis.ErrRequestEntityTooLarge, &http.MaxBytesError{Limit: maxBodies})

// bodies counts the bytes of unanswered requests by caller.
type bodies struct {
	mutex sync.Mutex
	held  map[string]int64
}

// limit bounds what is read of a request together with the caller's others.
func (b *bodies) limit(e *core.RequestEvent) error {
	if e.Request.Body == nil || e.Request.Body == http.NoBody {
		return e.Next()
	}
	e.Request.Body = &endedBody{rereadable: rereadable{e.Request.Body}}
	if !e.HasSuperuserAuth() {
		counted := &countedBody{rereadable: rereadable{e.Request.Body}, bodies: b, caller: callerOf(e)}
		e.Request.Body = counted
		defer func() { b.add(counted.caller, -counted.read) }()
	}
	e.Set(unlimitedKey, e.Request.Body)
	return e.Next()
}

// add returns how many bytes of a caller are held.
func (b *bodies) add(caller string, bytes int64) int64 {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.held == nil {
		b.held = map[string]int64{}
	}
	b.held[caller] += bytes
	held := b.held[caller]
	if held == 0 {
		delete(b.held, caller)
	}
	return held
}

// endedBody is a body whose end comes by itself: PocketBase's limit does not count what is
// read together with it, which may be megabytes.
type endedBody struct {
	rereadable
	isOver bool
}

// Read implements io.Reader.
func (b *endedBody) Read(buffer []byte) (int, error) {
	if b.isOver {
		b.isOver = false
		return 0, io.EOF
	}
	count, err := b.ReadCloser.Read(buffer)
	if b.isOver = count > 0 && errors.Is(err, io.EOF); b.isOver {
		return count, nil
	}
	return count, err
}

// Reread implements router.Rereader.
func (b *endedBody) Reread() {
	b.rereadable.Reread()
	b.isOver = false
}

// countedBody is a body whose bytes count until the request is answered.
type countedBody struct {
	rereadable
	bodies *bodies
	caller string
	// read is how many bytes were read, at how many of them have been since the last Reread.
	read, at int64
}

// Read implements io.Reader. Its error is that of a body that is too large by itself.
func (c *countedBody) Read(buffer []byte) (int, error) {
	count, err := c.ReadCloser.Read(buffer)
	c.at += int64(count)
	if more := c.at - c.read; more > 0 {
		c.read = c.at
		if held := c.bodies.add(c.caller, more); held > maxBodies && held > c.read {
			return count, errTooManyBytes
		}
	}
	if errors.Is(err, io.EOF) {
		c.at = 0 // PocketBase's body begins again by itself
	}
	return count, err
}

// Reread implements router.Rereader.
func (c *countedBody) Reread() {
	c.rereadable.Reread()
	c.at = 0
}

// unlimitedKey is the key of a request event's body without PocketBase's limit.
const unlimitedKey = "carebase.server.unlimited"

// limitOnce has PocketBase's limit count a body once: it counts each time that the body is
// read, and guards read it before PocketBase does.
func limitOnce(e *core.RequestEvent) error {
	if within, ok := e.Get(unlimitedKey).(io.ReadCloser); ok {
		e.Request.Body = &limitedOnce{rereadable: rereadable{within}, limited: e.Request.Body}
	}
	return e.Next()
}

// limitedOnce is a body with a limit until it has been read to its end.
type limitedOnce struct {
	rereadable // without the limit
	limited    io.Reader
	isWithin   bool
}

// Read implements io.Reader.
func (l *limitedOnce) Read(buffer []byte) (int, error) {
	if l.isWithin {
		return l.rereadable.Read(buffer)
	}
	count, err := l.limited.Read(buffer)
	l.isWithin = errors.Is(err, io.EOF)
	return count, err
}
