package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/endpoint"
	"carebase/internal/realtime"
)

// oauth2Topic is the topic on which PocketBase's SDK waits for the end of an OAuth2
// login.
const oauth2Topic = "@oauth2"

// bindRealtime bounds the number of clients and subscriptions, and allows
// subscriptions to collections only: access to each of their events is checked, but
// anyone could listen to any other topic. Every record write evaluates the
// subscriptions that it can concern, so their options have the same bounds as a list
// query, and a client cannot subscribe to events that it would never receive.
func bindRealtime(app core.App, limits config.Realtime) {
	clients := &realtimeClients{limits: limits, open: map[string]int{}}
	realtime.Of(app).OnConnect(clients.connect)
	app.OnRealtimeSubscribeRequest().BindFunc(func(e *core.RealtimeSubscribeRequestEvent) error {
		if err := checkSubscriptions(e); err != nil {
			return err
		}
		return clients.subscribe(e)
	})
}

// useRoom has realtime connections served by the room, and requests that name one
// find it there: see internal/realtime.
func useRoom(e *core.RequestEvent) error {
	switch endpoint.Of(e.Request) {
	case endpoint.Connect:
		return realtime.Of(e.App).Connect(e)
	case endpoint.Subscribe, endpoint.OAuth2, endpoint.OAuth2ByPOST:
		e.App = realtime.Of(e.App).App(e.App)
	}
	return e.Next()
}

func checkSubscriptions(e *core.RealtimeSubscribeRequestEvent) error {
	// Parse the topics and their options as PocketBase does.
	read := subscriptions.NewDefaultClient()
	read.Subscribe(e.Subscriptions...)
	for topic, options := range read.Subscriptions() {
		collection := collectionOf(e.App, topic)
		if !e.HasSuperuserAuth() {
			if err := checkTopic(e.RequestEvent, topic, collection); err != nil {
				return err
			}
		}
		query := url.Values{}
		for name, value := range options.Query {
			query.Set(name, value)
		}
		if err := checkSecretFilters(e.RequestEvent, collection, query); err != nil {
			return err
		}
		if err := boundsOf(e.Auth).check(e.App, collection, query); err != nil {
			return err
		}
	}
	return nil
}

func checkTopic(e *core.RequestEvent, topic string, collection *core.Collection) error {
	switch name, _, _ := strings.Cut(topic, "?"); {
	case name == oauth2Topic:
		return nil
	case collection == nil:
		return e.ForbiddenError("Only collections can be subscribed to.", nil)
	case collection.ListRule == nil && collection.ViewRule == nil:
		return e.ForbiddenError("Only superusers can subscribe to "+collection.Name+".", nil)
	case e.Auth == nil && isForUsers(e.App, collection):
		return e.Error(http.StatusUnauthorized, "Sign in to subscribe to "+collection.Name+".", nil)
	}
	return nil
}

// isForUsers reports whether a collection belongs to Carebase or PocketBase, or is one
// that the documented API serves. Only signed-in users can see its records.
func isForUsers(app core.App, collection *core.Collection) bool {
	return collection.System || collections.NowOrNil(app, collection.Name) != nil
}

// collectionOf returns the collection of the topic COLLECTION, COLLECTION/* or
// COLLECTION/ID, with or without options; nil for any other topic.
func collectionOf(app core.App, topic string) *core.Collection {
	topic, _, _ = strings.Cut(topic, "?")
	name, _, _ := strings.Cut(topic, "/")
	return collections.Find(app, name)
}
