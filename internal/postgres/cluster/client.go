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

// inboxSize is how many messages of other processes may wait for a client. One
// that is slower is disconnected and comes back.
const inboxSize = 256

// client is a realtime client in the broker of this process. Its connection is
// here, or another process has it: then it is there so that PocketBase checks
// the rules for it too, and what it is sent is forwarded.
type client struct {
	*subscriptions.DefaultClient
	cluster *Cluster
	id      string
	process string
	// inbox has messages from other processes, in their order.
	inbox chan subscriptions.Message

	mutex sync.Mutex
	// version is that of the stored state that this one comes from.
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

// auth is the record that the client has signed in as, or nil.
func (c *client) auth() *core.Record {
	record, _ := c.Get(apis.RealtimeClientAuthKey).(*core.Record)
	return record
}

// session is the one that the client is signed in with, or "".
func (c *client) session() string {
	session, _ := c.Get(c.cluster.sessionKey).(string)
	return session
}

// state is the client's state as it is to be stored.
func (c *client) state() state {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	address, _ := c.Get(apis.RealtimeClientIPKey).(string)
	stored := state{ID: c.id, Process: c.process, Address: address, Version: c.version}
	stored.Topics = slices.AppendSeq([]string{}, maps.Keys(c.Subscriptions()))
	stored.setAuth(c.auth(), c.session())
	return stored
}

// take replaces the client's state by the stored one. Topics that stay are never
// missing meanwhile, and the session is known before the sign-in.
func (c *client) take(stored state, auth *core.Record) {
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

// pass hands messages of other processes on until the connection has ended.
func (c *client) pass(ended <-chan struct{}) {
	for {
		select {
		case message := <-c.inbox:
			c.DefaultClient.Send(message)
		case <-ended:
			return
		}
	}
}

// authKey tells sign-ins apart: another record, or another key of its tokens.
func authKey(record *core.Record) string {
	if record == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(record.Collection().Id + "/" + record.Id + "/" + record.TokenKey()))
	return hex.EncodeToString(sum[:])
}
