package cluster

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
)

// The room's hooks, which sign clients out, have priority -99. The clients are
// synchronized before they run, and changed clients are stored after.
const (
	beforeSignOut = -100
	afterSignOut  = -98
	first         = -9999
	last          = 9999
)

func (c *Cluster) bindRealtime() {
	c.room.OnConnect(c.connect)
	c.room.OnDispatch(c.refresh)
	c.room.OnSignOut(c.storeChangesOrLog)
	c.room.SetOrder(c)
	c.app.OnRealtimeSubscribeRequest().Bind(&hook.Handler[*core.RealtimeSubscribeRequestEvent]{Func: c.subscribe, Priority: last})

	syncHandler := &hook.Handler[*core.ModelEvent]{Func: c.syncAuthClients, Priority: beforeSignOut}
	c.app.OnModelAfterUpdateSuccess().Bind(syncHandler)
	c.app.OnModelAfterDeleteSuccess().Bind(syncHandler)

	storeHandler := &hook.Handler[*core.ModelEvent]{Func: func(e *core.ModelEvent) error { c.storeChangesOrLog(e.Context); return e.Next() }, Priority: afterSignOut}
	c.app.OnModelAfterUpdateSuccess().Bind(storeHandler)
	c.app.OnModelAfterDeleteSuccess().Bind(storeHandler)
	storeCollection := &hook.Handler[*core.CollectionEvent]{Func: func(e *core.CollectionEvent) error { c.storeChangesOrLog(e.Context); return e.Next() }, Priority: afterSignOut}
	c.app.OnCollectionAfterUpdateSuccess().Bind(storeCollection)
	c.app.OnCollectionAfterDeleteSuccess().Bind(storeCollection)
}

// connect stores a new client before the client learns its id, so that every
// process knows it when its subscriptions arrive.
func (c *Cluster) connect(e *core.RealtimeConnectRequestEvent) error {
	if !c.isRunning() {
		return nil
	}
	local := c.newLocal(e.RealIP())
	e.Client = local
	ctx, cancel := context.WithTimeout(e.Request.Context(), statementTimeout)
	defer cancel()
	if err := c.store(ctx, local.state()); err != nil {
		return e.InternalServerError("Failed to register the realtime connection.", err)
	}
	local.OnEnd(func() { c.storeEnd(local) })
	return nil
}

// storeEnd stores that a local client has left.
func (c *Cluster) storeEnd(local *client) {
	c.forgetChange(local)
	gone := local.state()
	gone.Gone = true
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	if err := c.store(ctx, gone); err != nil {
		c.mustTidy.Store(true)
		c.app.Logger().Warn("failed to store the end of a realtime client", "error", err)
	}
}

// subscribe stores the subscriptions before they are acknowledged.
func (c *Cluster) subscribe(e *core.RealtimeSubscribeRequestEvent) error {
	current, ok := e.Client.(*client)
	if !ok || !c.isRunning() {
		return e.Next()
	}
	for _, topic := range e.Subscriptions {
		if !utf8.ValidString(topic) || strings.ContainsRune(topic, 0) {
			return e.BadRequestError("A subscription is not valid text.", nil)
		}
	}
	wanted := current.state()
	wanted.Topics = nonEmpty(e.Subscriptions)
	wanted.setAuth(e.Auth, current.session())
	ctx, cancel := context.WithTimeout(e.Request.Context(), statementTimeout)
	defer cancel()
	if err := c.store(ctx, wanted); err != nil {
		return e.InternalServerError("Failed to store the subscriptions.", err)
	}
	err := e.Next()
	// Meanwhile another process may have stored other subscriptions, or the
	// token or its session may have been revoked: the stored state wins.
	if err := c.applyStored(ctx, current.id); err != nil {
		c.mustTidy.Store(true)
		c.app.Logger().Warn("failed to read back the state of a realtime client", "error", err)
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

// refresh reads the changes of all processes' clients before the dispatcher looks
// for those that a change concerns. If that fails, local clients are disconnected,
// so that none is served by an outdated state; other processes' clients hear of a gap,
// and messages to them are checked again on delivery.
func (c *Cluster) refresh() {
	if !c.isRunning() {
		return
	}
	if err := c.pull(); err != nil {
		c.app.Logger().Error("failed to read the realtime clients of other processes, disconnected the local ones", "error", err)
		c.hasLost.Store(true)
		c.disconnectLocal()
	}
}

// syncAuthClients is refresh before clients are signed out with an account or a session.
func (c *Cluster) syncAuthClients(e *core.ModelEvent) error {
	record, isRecord := e.Model.(*core.Record)
	switch {
	case !isRecord && !isBroadcast(e.Model):
	case !isRecord, record.Collection().IsAuth(), e.Type == core.ModelEventTypeDelete && record.Collection().Name == collections.Sessions:
		c.refresh()
	}
	return e.Next()
}

// isBroadcast reports whether a model can be a record of a type of its own.
func isBroadcast(model core.Model) bool {
	switch model.(type) {
	case *core.Collection, *core.Settings, *core.Param, *core.Log:
		return false
	}
	return true
}

func (c *Cluster) storeChangesOrLog(ctx context.Context) {
	if !c.isRunning() {
		return
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statementTimeout)
	defer cancel()
	if err := c.storeChanges(ctx); err != nil {
		c.app.Logger().Error("failed to store changes of realtime clients, retrying later", "error", err)
	}
}

// disconnectLocal closes the realtime connections of this process. Clients
// reconnect and subscribe again.
func (c *Cluster) disconnectLocal() {
	for _, each := range c.app.SubscriptionsBroker().Clients() {
		if current, ok := each.(*client); ok && current.isLocal() {
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
		return apis.NewInternalServerError("Failed to read the realtime clients.", err)
	}
	err := e.Next()
	c.storeChangesOrLog(e.Request.Context())
	return err
}
