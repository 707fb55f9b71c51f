package server

import (
	"fmt"
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/config"
	"carebase/internal/forwarded"
)

const (
	// clientsPerAddress is how many times a user's number of clients one address
	// may have: colleagues share it.
	clientsPerAddress = 10
	// clientsFull is how many clients with all of their subscriptions a user may
	// have.
	clientsFull = 4
	// maxTopics is the size of a client's topics with their options in bytes.
	maxTopics = 32 << 10
)

// realtimeClients counts the realtime clients of this process.
type realtimeClients struct {
	limits config.Realtime

	mutex sync.Mutex
	// open are the connections by address.
	open map[string]int
	// subscribing has requests of one user come one after the other.
	subscribing [64]sync.Mutex
}

var subscribingSeed = maphash.MakeSeed()

// connect admits a connection unless its address has too many.
func (c *realtimeClients) connect(e *core.RealtimeConnectRequestEvent) error {
	address := network(forwarded.Client(e.Request))
	if !c.enter(address) {
		return tooMany("Your address has too many realtime connections.")
	}
	defer c.leave(address)
	return e.Next()
}

func (c *realtimeClients) enter(address string) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.open[address] >= clientsPerAddress*c.limits.MaxClients {
		return false
	}
	c.open[address]++
	return true
}

func (c *realtimeClients) leave(address string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.open[address]--; c.open[address] == 0 {
		delete(c.open, address)
	}
}

// network is what counts as one address: all of an IPv6 network is one client's
// to choose from.
func network(address netip.Addr) string {
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().String()
	}
	return address.String()
}

// subscribe admits subscriptions unless the client or its user has too many.
func (c *realtimeClients) subscribe(e *core.RealtimeSubscribeRequestEvent) error {
	size := 0
	for _, topic := range e.Subscriptions {
		size += len(topic)
	}
	switch {
	case len(e.Subscriptions) > c.limits.MaxSubscriptions:
		return e.BadRequestError(fmt.Sprintf("A client can have %d subscriptions.", c.limits.MaxSubscriptions), nil)
	case size > maxTopics:
		return e.BadRequestError("The subscriptions are too long.", nil)
	case e.Auth == nil:
		return e.Next()
	}
	turn := &c.subscribing[maphash.String(subscribingSeed, e.Auth.Id)%uint64(len(c.subscribing))]
	turn.Lock()
	defer turn.Unlock()
	clients, topics := others(e)
	if clients >= c.limits.MaxClients {
		return tooMany("You have too many realtime connections.")
	}
	if topics+len(e.Subscriptions) > clientsFull*c.limits.MaxSubscriptions {
		return tooMany("You have too many subscriptions on your realtime connections.")
	}
	return e.Next()
}

// others counts the caller's other clients, those of other processes included, and
// their subscriptions.
func others(e *core.RealtimeSubscribeRequestEvent) (clients, topics int) {
	for id, client := range e.App.SubscriptionsBroker().Clients() {
		auth, _ := client.Get(apis.RealtimeClientAuthKey).(*core.Record)
		if auth == nil || auth.Id != e.Auth.Id || auth.Collection().Id != e.Auth.Collection().Id || id == e.Client.Id() {
			continue
		}
		clients++
		topics += len(client.Subscriptions())
	}
	return clients, topics
}

func tooMany(message string) error {
	return router.NewApiError(http.StatusTooManyRequests, message, nil)
}
