package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
)

// client is a realtime client in the broker of this process. It is local if
// this process has its connection. Otherwise it is a stand-in for the client of
// another process: the rules are checked for it here, and it is sent messages,
// which are forwarded.
type client struct {
	*realtime.Client
	cluster *Cluster
	id      string
	process string

	mutex sync.Mutex
	// version is the version of the stored state that this one is based on.
	version int64
}

var _ subscriptions.Client = (*client)(nil)

func (c *Cluster) newLocal(address string) *client {
	inner := realtime.NewClient(c.room)
	inner.Set(apis.RealtimeClientIPKey, address)
	return &client{Client: inner, cluster: c, id: inner.Id(), process: c.process}
}

func (c *Cluster) newRemote(stored state) *client {
	remote := &client{cluster: c, id: stored.ID, process: stored.Process}
	remote.Client = realtime.NewRemote(c.room, func(message subscriptions.Message, isCurrent func() bool) { c.forward(remote, message, isCurrent) })
	remote.Client.Set(apis.RealtimeClientIPKey, stored.Address)
	return remote
}

func (c *client) isLocal() bool { return c.process == c.cluster.process }

// Id implements subscriptions.Client.
func (c *client) Id() string { return c.id }

// Set implements subscriptions.Client.
func (c *client) Set(key string, value any) {
	c.Client.Set(key, value)
	if key == apis.RealtimeClientAuthKey {
		c.cluster.noteChange(c)
	}
}

// Unset implements subscriptions.Client.
func (c *client) Unset(key string) {
	c.Client.Unset(key)
	if key == apis.RealtimeClientAuthKey {
		c.cluster.noteChange(c)
	}
}

// Renew is that of the inner client: other processes read the account anew, too. A stored
// state does not sign the client out between its two steps.
func (c *client) Renew(before, after *core.Record) bool {
	c.mutex.Lock()
	isRenewed := c.Client.Renew(before, after)
	c.mutex.Unlock()
	if isRenewed {
		c.cluster.noteChange(c)
	}
	return isRenewed
}

// Subscribe implements subscriptions.Client.
func (c *client) Subscribe(topics ...string) {
	c.Client.Subscribe(topics...)
	c.cluster.noteChange(c)
}

// Unsubscribe implements subscriptions.Client.
func (c *client) Unsubscribe(topics ...string) {
	c.Client.Unsubscribe(topics...)
	c.cluster.noteChange(c)
}

// auth returns the record that the client is signed in as, or nil.
func (c *client) auth() *core.Record {
	record, _ := c.Get(apis.RealtimeClientAuthKey).(*core.Record)
	return record
}

// session returns the session that the client is signed in with as text, or "".
func (c *client) session() string {
	if signIn, signedIn := c.SignIn(); signedIn {
		return signIn.String()
	}
	return ""
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

// setState replaces the client's state by the stored one, which changed at that
// time. Topics in both are never missing in between, and the session is known
// before the sign-in.
func (c *client) setState(stored state, auth *core.Record, changed time.Time) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.version = stored.Version
	_, session := stored.sessionKey()
	c.SetSignIn(realtime.ParseSignIn(session))
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
	c.Adopt(changed)
}

// authKey identifies a sign-in: it changes with the record and with what its tokens are
// signed with.
func authKey(record *core.Record) string {
	if record == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(record.Collection().Id + "/" + record.Id + "/" + simplejwt.Held{Account: record}.Key()))
	return hex.EncodeToString(sum[:])
}
