package server

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// oauth2Topic is where PocketBase's SDK waits for the end of an OAuth2 login.
const oauth2Topic = "@oauth2"

// bindRealtime admits subscriptions to collections only, whose events
// PocketBase checks one by one. Anybody could listen to any other topic. The
// filters in a subscription's options are held to the same rule as a list's.
func bindRealtime(app core.App) {
	app.OnRealtimeSubscribeRequest().BindFunc(func(e *core.RealtimeSubscribeRequestEvent) error {
		if e.HasSuperuserAuth() {
			return e.Next()
		}
		// PocketBase's own reading of the topics and their options.
		read := subscriptions.NewDefaultClient()
		read.Subscribe(e.Subscriptions...)
		for topic, options := range read.Subscriptions() {
			if !isRecordTopic(e.App, topic) {
				return e.ForbiddenError("Only collections can be subscribed to.", nil)
			}
			for _, name := range []string{search.FilterQueryParam, search.SortQueryParam} {
				if usesBackRelation(options.Query[name]) {
					return backRelationError(e.RequestEvent)
				}
			}
		}
		return e.Next()
	})
}

// isRecordTopic recognizes COLLECTION, COLLECTION/* and COLLECTION/ID, each
// with or without options.
func isRecordTopic(app core.App, topic string) bool {
	topic, _, _ = strings.Cut(topic, "?")
	if topic == oauth2Topic {
		return true
	}
	name, _, _ := strings.Cut(topic, "/")
	_, err := app.FindCachedCollectionByNameOrId(name)
	return err == nil
}
