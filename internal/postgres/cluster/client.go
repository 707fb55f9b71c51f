package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// inboxSize is how many messages from other processes may wait for a client. A
// slower client is disconnected; it reconnects.
const inboxSize = 256

// client is a realtime client in the broker of this process. It is local if
// this process has its connection. Otherwise it is a stand-in for the client of
// another process: PocketBase checks the rules for it and sends it messages,
// which are forwarded.
type client struct {
	*subscriptions.DefaultClient
	cluster *Cluster
	id      string
	process string
	// inbox holds messages from other processes, in order; nil for a stand-in.
	inbox chan subscriptions.Message

	mutex sync.Mutex
	// version is the version of the stored state that this one is based on.
	version int64
}

var _ subscriptions.Client = (*client)(nil)

func (c *Cluster) newLocal(address string) *client {
	inner := subscriptions.NewDefaultClient()
	inner.Set(apis.RealtimeClientIPKey, address)
	return &client{DefaultClient: inner, cluster: c, id: inner.Id(), process: c.process, inbox: make(chan subscriptions.Message, inboxSize)}
}

func (c *Cluster) newRemote(stored state) *client {
	inner := subscriptions.NewDefaultClient()
	inner.Set(apis.RealtimeClientIPKey, stored.Address)
	return &client{DefaultClient: inner, cluster: c, id: stored.ID, process: stored.Process}
}

func (c *client) isLocal() bool { return c.process == c.cluster.process }

// Id implements subscriptions.Client.
func (c *client) Id() string { return c.id }

// Send implements subscriptions.Client.
func (c *client) Send(message subscriptions.Message) {
	if c.isLocal() {
		c.DefaultClient.Send(message)
		return
	}
	if !c.IsDiscarded() {
		c.cluster.forward(c, message)
	}
}

// Set implements subscriptions.Client.
func (c *client) Set(key string, value any) {
	c.DefaultClient.Set(key, value)
	if key == apis.RealtimeClientAuthKey {
		c.cluster.noteChange(c)
	}
}

// Unset implements subscriptions.Client.
func (c *client) Unset(key string) {
	c.DefaultClient.Unset(key)
	if key == apis.RealtimeClientAuthKey {
		c.cluster.noteChange(c)
	}
}

// Subscribe implements subscriptions.Client.
func (c *client) Subscribe(topics ...string) {
	c.DefaultClient.Subscribe(topics...)
	c.cluster.noteChange(c)
}

// Unsubscribe implements subscriptions.Client.
func (c *client) Unsubscribe(topics ...string) {
	c.DefaultClient.Unsubscribe(topics...)
	c.cluster.noteChange(c)
}

// auth returns the record that the client is signed in as, or nil.
func (c *client) auth() *core.Record {
	record, _ := c.Get(apis.RealtimeClientAuthKey).(*core.Record)
	return record
}

// session returns the session that the client is signed in with, or "".
func (c *client) session() string {
	session, _ := c.Get(c.cluster.sessionKey).(string)
	return session
}

// state returns the client's state for storing.
func (c *client) state() state {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	address, _ := c.Get(apis.RealtimeClientIPKey).(string)
	stored := state{ID: c.id, Process: c.process, Address: address, Version: c.version}
	stored.Topics = slices.AppendSeq([]string{}, maps.Keys(c.Subscriptions()))
	stored.setAuth(c.auth(), c.session())
	return stored
}

// setState replaces the client's state by the stored one. Topics in both are
// never missing in between, and the session is known before the sign-in.
func (c *client) setState(stored state, auth *core.Record) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.version = stored.Version
	_, session := stored.sessionKey()
	c.DefaultClient.Set(c.cluster.sessionKey, session)
	had := c.Subscriptions()
	for _, topic := range stored.Topics {
		if _, ok := had[topic]; !ok {
			c.DefaultClient.Subscribe(topic)
		}
		delete(had, topic)
	}
	if len(had) > 0 {
		c.DefaultClient.Unsubscribe(slices.Collect(maps.Keys(had))...)
	}
	if auth == nil {
		c.DefaultClient.Unset(apis.RealtimeClientAuthKey)
	} else {
		c.DefaultClient.Set(apis.RealtimeClientAuthKey, auth)
	}
}

// forwardInbox sends the messages from other processes until the connection
// ends.
func (c *client) forwardInbox(ended <-chan struct{}) {
	for {
		select {
		case message := <-c.inbox:
			c.DefaultClient.Send(message)
		case <-ended:
			return
		}
	}
}

// authKey identifies a sign-in: it changes with the record and with its token
// key.
func authKey(record *core.Record) string {
	if record == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(record.Collection().Id + "/" + record.Id + "/" + record.TokenKey()))
	return hex.EncodeToString(sum[:])
}
