package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/internal/config"
	"carebase/internal/realtime"
)

// subscriberTokenKey is the key, in a realtime client, of the id of the token that its last
// subscription was made with.
const subscriberTokenKey = "carebase.audit.token"

// bindRealtime records each record that a subscriber is sent, before it is sent.
func (t *Trail) bindRealtime() {
	t.app.OnRealtimeSubscribeRequest().BindFunc(func(e *core.RealtimeSubscribeRequestEvent) error {
		from := sourceOf(e.RequestEvent)
		e.Client.Set(subscriberTokenKey, TokenID(from.rawToken))
		for _, topic := range e.Subscriptions {
			if err := recordSubscription(e.RequestEvent, topic); err != nil {
				return err
			}
		}
		return e.Next()
	})
	t.app.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		if events := t.delivered(e.Message.Name, e.Message.Data); len(events) > 0 {
			if err := t.recordDelivered(e, events); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

// recordDelivered records reads of a message's receiver.
func (t *Trail) recordDelivered(e *core.RealtimeMessageEvent, events []Event) error {
	if t.reads == config.AuditReadsOff {
		return nil
	}
	auth, _ := e.Client.Get(apis.RealtimeClientAuthKey).(*core.Record)
	agent := AgentOf(auth)
	agent.Token, _ = e.Client.Get(subscriberTokenKey).(string)
	// Another process may have taken the subscription. It passes on the sign-in.
	if signIn, isSignedIn := realtime.SignInOf(e.Client); isSignedIn {
		agent.Impersonator = signIn.Impersonation.Superuser
	}
	from := connectionOf(e.RequestEvent)
	key := deliveryKey{data: &e.Message.Data[0], agent: agent, address: from.address, door: from.door}
	for key.event = range events {
		if t.queue.joinDelivery(key) {
			continue
		}
		event := events[key.event]
		event.Agent = agent
		sent := newOccurrence(event, *from)
		sent.delivery = key
		if err := t.queue.put(e.Request.Context(), sent); err != nil {
			return err
		}
	}
	return t.settle(e.Request.Context())
}

// deliveryKey is what the deliveries of a message to one receiver have in common: the
// tabs of a browser, for example. One event tells of them all, with the request id of
// the first connection.
type deliveryKey struct {
	// data is the message's, which all receivers with the same view share, and event
	// which of the reads in it.
	data    *byte
	event   int
	agent   Agent
	address string
	door    Door
}

// connectionOf returns the source of all messages on a connection. They are sent
// one after the other.
func connectionOf(e *core.RequestEvent) *source {
	known, ok := e.Get(requestKey).(*request)
	if !ok {
		from := sourceOf(e)
		return &from
	}
	if known.connection == nil {
		from := known.source()
		known.connection = &from
	}
	return known.connection
}

// recordSubscription records a subscription to a record that the caller cannot
// read and will get no messages about.
func recordSubscription(e *core.RequestEvent, topic string) error {
	name, _, _ := strings.Cut(topic, "?")
	collection, id, _ := strings.Cut(name, "/")
	if id == "" || id == "*" || e.HasSuperuserAuth() {
		return nil
	}
	record, err := e.App.FindRecordById(collection, id)
	if err != nil || isReadable(e, record) {
		return nil
	}
	return RecordDenied(e, collection, id, Read)
}

// isReadable reports whether the caller may see a record.
func isReadable(e *core.RequestEvent, record *core.Record) bool {
	info, err := e.RequestInfo()
	if err != nil {
		return false
	}
	readable, err := e.App.CanAccessRecord(record, info, record.Collection().ViewRule)
	return err == nil && readable
}

// delivery is what a message amounts to.
type delivery struct {
	collection string
	data       []byte
	events     []Event
}

// delivered returns the reads that a message amounts to: its record and the
// expanded ones. Many subscribers are sent the same data one after the other, which
// is read once.
func (t *Trail) delivered(topic string, data []byte) []Event {
	path, _, _ := strings.Cut(topic, "?")
	name, _, _ := strings.Cut(path, "/")
	last := t.lastDelivery.Load()
	if last == nil || last.collection != name || len(data) == 0 || len(last.data) != len(data) || &last.data[0] != &data[0] {
		last = &delivery{collection: name, data: data, events: t.readsIn(name, data)}
		t.lastDelivery.Store(last)
	}
	return last.events
}

func (t *Trail) readsIn(name string, data []byte) []Event {
	collection, err := t.app.FindCachedCollectionByNameOrId(name)
	if err != nil {
		return nil
	}
	var message struct {
		Record map[string]any `json:"record"`
	}
	if json.Unmarshal(data, &message) != nil || message.Record == nil {
		return nil
	}
	found := &deliveries{trail: t}
	found.add(message.Record, collection)
	return found.events
}

type deliveries struct {
	trail  *Trail
	events []Event
}

// add adds a record and those expanded in it. Records without an id, because the
// subscriber selected other fields, are recorded by enrichMessage.
func (d *deliveries) add(record map[string]any, collection *core.Collection) {
	if name := cast.ToString(record["collectionName"]); name != "" {
		if named, err := d.trail.app.FindCachedCollectionByNameOrId(name); err == nil {
			collection = named
		}
	}
	if id := cast.ToString(record["id"]); id != "" && collection != nil && isRecorded(collection) {
		stub := core.NewRecord(collection)
		stub.Load(record)
		d.events = append(d.events, Event{Action: Read, Collection: collection.Name, Records: []string{id}, Patients: patientsOf(stub)})
	}
	expanded, _ := record["expand"].(map[string]any)
	for _, value := range expanded {
		switch value := value.(type) {
		case map[string]any:
			d.add(value, nil)
		case []any:
			for _, each := range value {
				if each, ok := each.(map[string]any); ok {
					d.add(each, nil)
				}
			}
		}
	}
}

// enrichMessage records the records that messages will contain without their ids.
// The subscriber's address is unknown here.
func (t *Trail) enrichMessage(e *core.RecordEnrichEvent) error {
	info := e.RequestInfo
	if info.Context != core.RequestInfoContextRealtime || info.Query["fields"] == "" || !isRecorded(e.Record.Collection()) {
		return e.Next()
	}
	fields := strings.Split(strings.ReplaceAll(info.Query["fields"], " ", ""), ",")
	if slices.Contains(fields, "id") || slices.Contains(fields, "*") {
		return e.Next()
	}
	agent := AgentOf(info.Auth)
	if info.Auth != nil {
		agent.Impersonator = info.Auth.GetString(realtime.ImpersonatorKey)
	}
	read := Event{Action: Read, Collection: e.Record.Collection().Name, Records: []string{e.Record.Id}, Patients: patientsOf(e.Record)}
	if t.reads != config.AuditReadsOff {
		from := source{agent: agent, door: Realtime, requestID: newRequestID()}
		if err := t.queue.put(context.Background(), newOccurrence(read, from)); err != nil {
			return err
		}
	}
	return e.Next()
}
