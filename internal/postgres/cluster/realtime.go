package cluster

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/endpoint"
)

// PocketBase's own realtime hooks have the priorities -99 and, before a delete,
// 99. Clients must be known before they run, and what they change is stored
// after.
const (
	beforeBroadcast       = -100
	beforeDeleteBroadcast = 98
	afterBroadcast        = -98
	first                 = -9999
	last                  = 9999
)

func (c *Cluster) bindRealtime() {
	c.app.OnRealtimeConnectRequest().Bind(&hook.Handler[*core.RealtimeConnectRequestEvent]{Func: c.connect, Priority: first})
	c.app.OnRealtimeSubscribeRequest().Bind(&hook.Handler[*core.RealtimeSubscribeRequestEvent]{Func: c.subscribe, Priority: last})

	know := &hook.Handler[*core.ModelEvent]{Func: c.knowClients, Priority: beforeBroadcast}
	c.app.OnModelAfterCreateSuccess().Bind(know)
	c.app.OnModelAfterUpdateSuccess().Bind(know)
	c.app.OnModelAfterDeleteSuccess().Bind(&hook.Handler[*core.ModelEvent]{Func: c.knowSignedIn, Priority: beforeBroadcast})
	c.app.OnModelDelete().Bind(&hook.Handler[*core.ModelEvent]{Func: c.knowClients, Priority: beforeDeleteBroadcast})

	share := &hook.Handler[*core.ModelEvent]{Func: func(e *core.ModelEvent) error { c.shareChanges(e.Context); return e.Next() }, Priority: afterBroadcast}
	c.app.OnModelAfterUpdateSuccess().Bind(share)
	c.app.OnModelAfterDeleteSuccess().Bind(share)
	shareCollection := &hook.Handler[*core.CollectionEvent]{Func: func(e *core.CollectionEvent) error { c.shareChanges(e.Context); return e.Next() }, Priority: afterBroadcast}
	c.app.OnCollectionAfterUpdateSuccess().Bind(shareCollection)
	c.app.OnCollectionAfterDeleteSuccess().Bind(shareCollection)
}

// connect stores a new client before it learns its id, so that every process
// knows it when its subscriptions come.
func (c *Cluster) connect(e *core.RealtimeConnectRequestEvent) error {
	if !c.isRunning() {
		return e.Next()
	}
	local := c.newLocal(e.RealIP())
	e.Client = local
	ctx, cancel := context.WithTimeout(e.Request.Context(), statementTimeout)
	defer cancel()
	if err := c.store(ctx, local.state()); err != nil {
		return e.InternalServerError("The connection cannot be made known.", err)
	}
	ended := make(chan struct{})
	go local.pass(ended)
	defer func() {
		close(ended)
		c.forgetChange(local)
		gone := local.state()
		gone.Gone = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.Request.Context()), statementTimeout)
		defer cancel()
		if err := c.store(ctx, gone); err != nil {
			c.mustTidy.Store(true)
			c.app.Logger().Warn("A realtime client's end could not be stored", "error", err)
		}
	}()
	return e.Next()
}

// subscribe stores the subscriptions before they are acknowledged.
func (c *Cluster) subscribe(e *core.RealtimeSubscribeRequestEvent) error {
	current, ok := e.Client.(*client)
	if !ok || !c.isRunning() {
		return e.Next()
	}
	for _, topic := range e.Subscriptions {
		if !utf8.ValidString(topic) || strings.ContainsRune(topic, 0) {
			return e.BadRequestError("A subscription is not text.", nil)
		}
	}
	wanted := current.state()
	wanted.Topics = nonEmpty(e.Subscriptions)
	wanted.AuthCollection, wanted.AuthRecord, wanted.AuthKey = "", "", ""
	wanted.setAuth(e.Auth, current.session())
	ctx, cancel := context.WithTimeout(e.Request.Context(), statementTimeout)
	defer cancel()
	if err := c.store(ctx, wanted); err != nil {
		return e.InternalServerError("The subscriptions cannot be made known.", err)
	}
	err := e.Next()
	// The client may have been given other subscriptions meanwhile, through
	// another process, or the token may have been revoked: what is stored counts.
	if err := c.applyStored(ctx, current.id); err != nil {
		c.mustTidy.Store(true)
		c.app.Logger().Warn("A realtime client's state could not be read back", "error", err)
	}
	return err
}

func nonEmpty(topics []string) []string {
	result := make([]string, 0, len(topics))
	for _, topic := range topics {
		if topic != "" {
			result = append(result, topic)
		}
	}
	return result
}

// knowClients makes every client of every process known before PocketBase looks
// for those that an event is for. If it cannot, the clients here are sent away
// rather than served by what may be outdated; messages to clients elsewhere are
// checked once more where they arrive.
func (c *Cluster) knowClients(e *core.ModelEvent) error {
	if !c.isRunning() || !isBroadcast(e.Model) {
		return e.Next()
	}
	if err := c.pull(); err != nil {
		c.app.Logger().Error("Realtime clients are disconnected: those of other processes cannot be read", "error", err)
		c.disconnectLocal()
	}
	return e.Next()
}

// knowSignedIn is knowClients after a delete, whose messages are ready by then:
// only sign-ins of the deleted record count.
func (c *Cluster) knowSignedIn(e *core.ModelEvent) error {
	if record, ok := e.Model.(*core.Record); ok && !record.Collection().IsAuth() {
		return e.Next()
	}
	return c.knowClients(e)
}

// isBroadcast excludes the models that PocketBase never tells clients about.
func isBroadcast(model core.Model) bool {
	switch model.(type) {
	case *core.Collection, *core.Settings, *core.Param, *core.Log:
		return false
	}
	return true
}

func (c *Cluster) shareChanges(ctx context.Context) {
	if !c.isRunning() {
		return
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statementTimeout)
	defer cancel()
	if err := c.storeChanges(ctx); err != nil {
		c.app.Logger().Error("Changes of realtime clients could not be stored yet", "error", err)
	}
}

// disconnectLocal ends the realtime connections of this process. Clients come
// back and subscribe again.
func (c *Cluster) disconnectLocal() {
	for _, any := range c.app.SubscriptionsBroker().Clients() {
		if current, ok := any.(*client); ok && current.isLocal() {
			current.Discard()
		}
	}
}

// FindClients is the middleware that lets requests that name a realtime client
// find it, whichever process has its connection.
func (c *Cluster) FindClients(e *core.RequestEvent) error {
	switch endpoint.Of(e.Request) {
	case endpoint.Subscribe, endpoint.OAuth2, endpoint.OAuth2ByPOST:
	default:
		return e.Next()
	}
	if err := c.pull(); err != nil {
		return apis.NewInternalServerError("Realtime clients cannot be read.", err)
	}
	err := e.Next()
	c.shareChanges(e.Request.Context())
	return err
}
