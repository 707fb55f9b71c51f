package realtime

import "github.com/pocketbase/pocketbase/tools/subscriptions"

const (
	// MaxMessages and maxBytes bound what may wait for one client. A client that
	// reads more slowly loses its connection, and connects again.
	MaxMessages = 256
	maxBytes    = 4 << 20
)

// delivery is a message in a client's queue.
type delivery struct {
	subscriptions.Message
	// id is the id of the event; without one, the last one stays the client's.
	id string
	// signIn is the sign-in that the rules were checked for; always sent if it is any.
	signIn int64
	// beat marks what only keeps the connection alive.
	beat bool
}

// anySignIn is the sign-in of messages that no rule was checked for.
const anySignIn = -1

// Send implements subscriptions.Client. It does not wait for the client.
func (c *Client) Send(message subscriptions.Message) {
	c.push(delivery{Message: message, signIn: anySignIn})
}

// SendChecked is Send for a message that the rules were checked for, with the
// present sign-in. It is not sent after that has ended.
func (c *Client) SendChecked(message subscriptions.Message) {
	c.mutex.Lock()
	signIn := c.signIn
	c.mutex.Unlock()
	c.push(delivery{Message: message, signIn: signIn})
}

func (c *Client) push(added delivery) {
	if c.IsDiscarded() {
		return
	}
	if c.forward != nil {
		c.forward(added.Message, func() bool { return c.isCurrent(added.signIn) })
		return
	}
	c.mutex.Lock()
	isFull := len(c.waiting) >= MaxMessages || len(c.waiting) > 0 && c.bytes+len(added.Data) > maxBytes
	if !isFull {
		c.waiting = append(c.waiting, added)
		c.bytes += len(added.Data)
		c.wake()
	}
	c.mutex.Unlock()
	if isFull {
		c.Discard()
	}
}

// begin has send called each time that something waits after nothing did. It has
// another goroutine send that: an idle client keeps none. That ends with a call of
// take that returns nothing, or send is never called again.
func (c *Client) begin(send func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.send = send
	c.wake()
}

// wake has what waits sent. The caller holds the mutex.
func (c *Client) wake() {
	if c.send == nil || c.sending || len(c.waiting) == 0 {
		return
	}
	c.sending = true
	c.send()
}

// take returns what waits.
func (c *Client) take() []delivery {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	taken := c.waiting
	c.waiting, c.bytes = nil, 0
	c.sending = len(taken) > 0
	return taken
}

// Waiting returns how many messages wait for the client.
func (c *Client) Waiting() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.waiting)
}

// isCurrent reports whether a sign-in has not ended.
func (c *Client) isCurrent(signIn int64) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return signIn == anySignIn || signIn == c.signIn
}
