package server

import (
	"fmt"
	"hash/maphash"
	"net/http"
	"sync"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/config"
	"carebase/internal/forwarded"
	"carebase/internal/realtime"
)

const (
	// clientsPerAddress is the factor by which the client limit of an address exceeds
	// that of a user, because colleagues share an address.
	clientsPerAddress = 10
	// subscriptionFactor is the factor by which the subscription limit of a user
	// exceeds that of a client.
	subscriptionFactor = 4
	// maxTopics bounds the total size of a client's topics with their options, in
	// bytes.
	maxTopics = 32 << 10
)

// realtimeClients counts the realtime clients of this process.
type realtimeClients struct {
	limits config.Realtime

	mutex sync.Mutex
	// open is the number of connections by address.
	open map[string]int
	// subscribing serializes the requests of each user.
	subscribing [64]sync.Mutex
}

var subscribingSeed = maphash.MakeSeed()

// connect rejects a connection if its address has too many.
func (c *realtimeClients) connect(e *core.RealtimeConnectRequestEvent) error {
	address := forwarded.Network(forwarded.Client(e.Request))
	if !c.enter(address) {
		return tooMany("Your address has too many realtime connections.")
	}
	realtime.ClientOf(e.Client).OnEnd(func() { c.leave(address) })
	return nil
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

// subscribe rejects subscriptions if the client or its user has too many.
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
	if topics+len(e.Subscriptions) > subscriptionFactor*c.limits.MaxSubscriptions {
		return tooMany("You have too many subscriptions on your realtime connections.")
	}
	return e.Next()
}

// others returns the number of the caller's other clients, including those of other
// processes, and of their subscriptions.
func others(e *core.RealtimeSubscribeRequestEvent) (clients, topics int) {
	for _, client := range realtime.Of(e.App).SignedIn(e.Auth) {
		if client != realtime.ClientOf(e.Client) {
			clients++
			topics += len(client.Subscriptions())
		}
	}
	return clients, topics
}

func tooMany(message string) error {
	return router.NewApiError(http.StatusTooManyRequests, message, nil)
}
