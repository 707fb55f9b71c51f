package realtime

import (
	"iter"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// state is what the dispatcher knows of a client. It does not change.
type state struct {
	version, signIn int64
	auth            *core.Record
	topics          []topic
	// payer has the cost of the subscriptions. asks is whether any of them has a filter
	// or a view of its own.
	payer string
	asks  bool
}

// topic is a subscription, taken apart: COLLECTION, COLLECTION/* or COLLECTION/ID.
type topic struct {
	name, collection, id string
	options              subscriptions.SubscriptionOptions
	// asksOthers is whether its filter may depend on other records.
	asksOthers bool
	// since is when it was made, where that matters.
	since time.Time
}

// topicOf names a subscription of a client's sign-in: the same name may be somebody
// else's after it.
type topicOf struct {
	client *Client
	signIn int64
	name   string
}

// state returns the client's present state. The caller holds the mutex.
func (c *Client) state(since time.Time) *state {
	c.version++
	made := &state{version: c.version, signIn: c.signIn, auth: c.auth(), payer: payerOf(c.DefaultClient)}
	for name, options := range c.Subscriptions() {
		path, _, _ := strings.Cut(name, "?")
		collection, id, _ := strings.Cut(path, "/")
		if id == "*" {
			id = ""
		}
		query := options.Query
		filter := query[search.FilterQueryParam]
		made.asks = made.asks || filter != "" || query[expandParam] != "" || query[fieldsParam] != ""
		made.topics = append(made.topics, topic{name: name, collection: collection, id: id, options: options, asksOthers: isAboutOthers(filter, made.auth), since: since})
	}
	return made
}

// keep takes over since when the topics are subscribed to that were there before.
func (s *state) keep(before *state) {
	if before == nil || before.signIn != s.signIn {
		return
	}
	since := make(map[string]time.Time, len(before.topics))
	for _, each := range before.topics {
		since[each.name] = each.since
	}
	for i, each := range s.topics {
		if time, known := since[each.name]; known {
			s.topics[i].since = time
		}
	}
}

// index finds the clients that a change can concern.
type index struct {
	mutex sync.RWMutex
	// collections have the subscribers of each, by the name or id that they have
	// subscribed to.
	collections map[string]*subscribers
}

// subscribers are the clients with a subscription to a collection.
type subscribers struct {
	all, superusers map[*Client]bool
	// byAuth has them by the id of the record that they are signed in as.
	byAuth map[string]map[*Client]bool
	// emptied is when the last one left, or the first one came.
	emptied time.Time
}

func newIndex() *index { return &index{collections: map[string]*subscribers{}} }

// watch has what is written to the collections of a state queued from now on, before the
// dispatcher knows the client.
func (x *index) watch(next *state) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	for _, each := range next.topics {
		x.of(each.collection)
	}
}

// of returns the subscribers of a collection. The caller holds the mutex.
func (x *index) of(collection string) *subscribers {
	if x.collections[collection] == nil {
		x.collections[collection] = &subscribers{all: map[*Client]bool{}, superusers: map[*Client]bool{}, byAuth: map[string]map[*Client]bool{}, emptied: time.Now()}
	}
	return x.collections[collection]
}

// replace changes a client's state; nil is none. It reports whether a collection is
// no longer watched.
func (x *index) replace(client *Client, before, after *state) (forgotten bool) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	if before != nil {
		for _, each := range before.topics {
			x.collections[each.collection].remove(client, before.auth)
		}
	}
	if after != nil {
		for _, each := range after.topics {
			x.of(each.collection).add(client, after.auth)
		}
	}
	for name, each := range x.collections {
		if len(each.all) == 0 && time.Since(each.emptied) > ringAge {
			delete(x.collections, name)
			forgotten = true
		}
	}
	return forgotten
}

func (s *subscribers) add(client *Client, auth *core.Record) {
	s.all[client] = true
	if auth == nil {
		return
	}
	if auth.IsSuperuser() {
		s.superusers[client] = true
	}
	if s.byAuth[auth.Id] == nil {
		s.byAuth[auth.Id] = map[*Client]bool{}
	}
	s.byAuth[auth.Id][client] = true
}

func (s *subscribers) remove(client *Client, auth *core.Record) {
	if s == nil || !s.all[client] {
		return
	}
	delete(s.all, client)
	delete(s.superusers, client)
	if auth != nil {
		delete(s.byAuth[auth.Id], client)
		if len(s.byAuth[auth.Id]) == 0 {
			delete(s.byAuth, auth.Id)
		}
	}
	if len(s.all) == 0 {
		s.emptied = time.Now()
	}
}

// isWatched reports whether anybody subscribes to a collection, or did a moment ago
// and may be about to connect again.
func (x *index) isWatched(collection *core.Collection) bool {
	x.mutex.RLock()
	defer x.mutex.RUnlock()
	return x.collections[collection.Name] != nil || x.collections[collection.Id] != nil
}

// concerned returns the clients that may see a record, as far as that is known
// without asking the database: all if the rules can admit anybody, otherwise those
// who are signed in as a reader, and superusers.
func (x *index) concerned(collection *core.Collection, readers []string, anybody bool) map[*Client]bool {
	x.mutex.RLock()
	defer x.mutex.RUnlock()
	found := map[*Client]bool{}
	for clients := range x.reach(collection, readers, anybody) {
		maps.Copy(found, clients)
	}
	return found
}

// concerns reports whether concerned has any client.
func (x *index) concerns(collection *core.Collection, readers []string, anybody bool) bool {
	x.mutex.RLock()
	defer x.mutex.RUnlock()
	for clients := range x.reach(collection, readers, anybody) {
		if len(clients) > 0 {
			return true
		}
	}
	return false
}

// reach yields the sets of concerned clients. The caller holds the mutex.
func (x *index) reach(collection *core.Collection, readers []string, anybody bool) iter.Seq[map[*Client]bool] {
	return func(yield func(map[*Client]bool) bool) {
		for _, name := range []string{collection.Name, collection.Id} {
			at := x.collections[name]
			if at == nil {
				continue
			}
			sets := []map[*Client]bool{at.all}
			if !anybody {
				sets = []map[*Client]bool{at.superusers}
				for _, reader := range readers {
					sets = append(sets, at.byAuth[reader])
				}
			}
			for _, set := range sets {
				if !yield(set) {
					return
				}
			}
		}
	}
}
