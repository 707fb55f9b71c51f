package realtime

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// Client is a realtime client. In place of PocketBase's channel it has a queue, so
// that nobody who sends waits for it.
type Client struct {
	*subscriptions.DefaultClient
	room *Room
	id   string
	// forward, if not nil, takes what is sent to a client of another process. isCurrent
	// tells whether the sign-in that it was checked for goes on.
	forward func(message subscriptions.Message, isCurrent func() bool)

	// signedIn is how the client has signed in last; nil for a guest.
	signedIn atomic.Pointer[SignIn]

	mutex sync.Mutex
	// reader is who the room knows the client as.
	reader string
	// signIn is the number of the client's sign-in; each end of one ends what was
	// checked for it.
	signIn int64
	// version counts the states that have been taken of the client.
	version int64
	// held is how many requests are changing the subscriptions: the dispatcher is not
	// shown what they have become before all are made.
	held int
	// last is what the client had before it connected again, until it subscribes.
	last string
	// indexed is what the dispatcher knows; nil before the first subscription.
	indexed *state
	ends    []func()

	// abort ends the connection; nil before there is one.
	abort func()

	waiting []delivery
	bytes   int
	// send has what waits sent; nil before the connection has begun. sending is whether
	// that is still going on.
	send    func()
	sending bool
	// hasEnded is set once the client is discarded.
	hasEnded bool

	// behind is how many changes wait for the client in its lane. hasGap is whether it
	// has missed one that it is not told of yet; the lanes' mutex guards it.
	behind atomic.Int32
	hasGap bool
}

var _ subscriptions.Client = (*Client)(nil)

// NewClient returns a client for the room that connects to this process. A nil room
// delivers no changes to it.
func NewClient(room *Room) *Client {
	c := &Client{DefaultClient: subscriptions.NewDefaultClient(), room: room}
	c.id = c.DefaultClient.Id()
	if room != nil && room.refresh == nil {
		last, _ := room.queue.numbers()
		c.id += "-" + room.position(last)
	}
	return c
}

// Id implements subscriptions.Client. It ends with the client's position, because
// it is the id of the client's first event, too.
func (c *Client) Id() string { return c.id }

// NewRemote returns a client that is connected to another process. What is sent to
// it is forwarded.
func NewRemote(room *Room, forward func(message subscriptions.Message, isCurrent func() bool)) *Client {
	c := NewClient(room)
	c.forward = forward
	return c
}

// IsRemote reports whether the client is connected to another process.
func (c *Client) IsRemote() bool { return c.forward != nil }

// client returns itself, also from a type that embeds it.
func (c *Client) client() *Client { return c }

// ClientOf returns the room's client in one of a broker, or nil.
func ClientOf(client subscriptions.Client) *Client {
	known, ok := client.(interface{ client() *Client })
	if !ok {
		return nil
	}
	return known.client()
}

// known returns what the dispatcher knows of the client, or nil. The account is in its
// collection as that is now, which may have another name or other fields since the sign-in.
func (c *Client) known() *state {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.indexed == nil || c.indexed.auth == nil {
		return c.indexed
	}
	signedIn := c.indexed.auth.Collection()
	if now, err := c.room.app.FindCachedCollectionByNameOrId(signedIn.Id); err == nil && now != signedIn {
		renewed := *c.indexed
		renewed.auth = recordIn(now, renewed.auth)
		c.indexed = &renewed
	}
	return c.indexed
}

// lastEvent returns, once, the id of the event that the client had last when it
// connected.
func (c *Client) lastEvent() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	last := c.last
	c.last = ""
	return last
}

// OnEnd adds a function that runs once the client has left.
func (c *Client) OnEnd(run func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ends = append(c.ends, run)
}

// Discard implements subscriptions.Client. It also ends the connection.
func (c *Client) Discard() {
	c.DefaultClient.Discard()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.hasEnded {
		c.hasEnded = true
		if c.abort != nil {
			c.abort()
		}
		c.noteReader()
		if c.indexed != nil {
			c.index(nil)
		}
	}
}

// leave runs what OnEnd has added.
func (c *Client) leave() {
	c.mutex.Lock()
	ends := c.ends
	c.ends = nil
	c.mutex.Unlock()
	for i := len(ends) - 1; i >= 0; i-- {
		ends[i]()
	}
}

// Set implements subscriptions.Client.
func (c *Client) Set(key string, value any) {
	if key != authKey {
		c.DefaultClient.Set(key, value)
		return
	}
	c.changeAuth(func() bool {
		c.DefaultClient.Set(key, value)
		return true
	})
}

// Unset implements subscriptions.Client.
func (c *Client) Unset(key string) {
	if key != authKey {
		c.DefaultClient.Unset(key)
		return
	}
	c.changeAuth(func() bool {
		c.DefaultClient.Unset(key)
		return true
	})
}

// Subscribe implements subscriptions.Client.
func (c *Client) Subscribe(topics ...string) {
	c.DefaultClient.Subscribe(topics...)
	c.announce(nil)
}

// Unsubscribe implements subscriptions.Client.
func (c *Client) Unsubscribe(topics ...string) {
	c.DefaultClient.Unsubscribe(topics...)
	c.announce(nil)
}

func (c *Client) auth() *core.Record { return AuthOf(c.DefaultClient) }

func isSame(a, b *core.Record) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Id == b.Id && a.Collection().Id == b.Collection().Id
}

// hold keeps the dispatcher from seeing the client between two changes of its
// subscriptions. release ends that; see announce.
func (c *Client) hold() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.held++
}

func (c *Client) release() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.held--
}

// announce has the dispatcher see the client's present state once it has
// dispatched the changes before: those are not for new subscriptions. then, if not
// nil, follows right after.
func (c *Client) announce(then func()) {
	if c.room == nil || c.IsDiscarded() {
		return
	}
	c.mutex.Lock()
	isQueued := c.enqueue(then)
	c.mutex.Unlock()
	if !isQueued {
		c.Discard()
	}
}

// enqueue is announce for who holds the mutex. It reports false if too much waits for the
// dispatcher.
func (c *Client) enqueue(then func()) bool {
	if c.held > 0 {
		return true
	}
	next := c.state(time.Time{})
	c.room.index.watch(next)
	return c.room.queue.do(func() {
		c.adopt(next)
		if then != nil {
			then()
		}
	})
}

// Adopt shows the dispatcher the client's present state at once, because what is
// to be dispatched next may be for it. Changes before the time since are not for
// new subscriptions.
func (c *Client) Adopt(since time.Time) {
	if c.room == nil {
		return
	}
	c.mutex.Lock()
	next := c.state(since)
	if c.indexed != nil && !isSame(c.indexed.auth, next.auth) {
		c.signIn++
		next.signIn = c.signIn
	}
	c.noteReader()
	c.mutex.Unlock()
	c.adopt(next)
}

// adopt replaces what the dispatcher knows.
func (c *Client) adopt(next *state) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.hasEnded || c.indexed != nil && c.indexed.version > next.version {
		return
	}
	next.keep(c.indexed)
	c.index(next)
}

// index replaces the client's state in the index. The caller holds the mutex.
func (c *Client) index(next *state) {
	if c.room.index.replace(c, c.indexed, next) {
		c.room.queue.skip(c.room.dispatched.Store)
	}
	c.indexed = next
}

// connect notes the id of the event that the client had before, and how to end its
// connection.
func (c *Client) connect(last string, abort func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.last, c.abort = last, abort
	if c.hasEnded {
		abort()
	}
}
