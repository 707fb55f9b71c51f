package cluster

import (
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/realtime"
)

// superuser creates a superuser.
func superuser(t *testing.T, member *Cluster, email string) *core.Record {
	t.Helper()
	collection, err := member.app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		t.Fatal(err)
	}
	record := core.NewRecord(collection)
	record.SetEmail(email)
	record.SetPassword("long enough 1")
	if err := member.app.Save(record); err != nil {
		t.Fatal(err)
	}
	return record
}

// connected registers a client as if it had connected to the member.
func connected(t *testing.T, member *Cluster, auth *core.Record, topics ...string) *client {
	t.Helper()
	local := member.newLocal("192.0.2.1")
	local.DefaultClient.Set(apis.RealtimeClientAuthKey, auth)
	local.DefaultClient.Subscribe(topics...)
	if err := member.store(t.Context(), local.state()); err != nil {
		t.Fatal(err)
	}
	member.app.SubscriptionsBroker().Register(local)
	return local
}

func TestMessagesOfAnotherSignInAreDropped(t *testing.T) {
	clusters, _ := members(t, 1, everyMinute)
	one, other := superuser(t, clusters[0], "one@example.com"), superuser(t, clusters[0], "other@example.com")
	local := connected(t, clusters[0], one, "topic")
	for name, key := range map[string]string{"a guest's": "", "another's": authKey(other)} {
		clusters[0].queueForClient(incoming{Client: local.id, AuthKey: key, Name: "topic"})
		if local.Waiting() != 0 {
			t.Errorf("%s message was delivered", name)
		}
	}
	clusters[0].queueForClient(incoming{Client: local.id, AuthKey: authKey(one), Name: "topic"})
	if local.Waiting() != 1 {
		t.Error("the message was not delivered")
	}
}

func TestSlowClientIsDisconnected(t *testing.T) {
	clusters, _ := members(t, 1, everyMinute)
	local := connected(t, clusters[0], nil, "topic")
	for range realtime.MaxMessages {
		clusters[0].queueForClient(incoming{Client: local.id, Name: "topic"})
	}
	if local.IsDiscarded() {
		t.Fatal("the client was disconnected too early")
	}
	clusters[0].queueForClient(incoming{Client: local.id, Name: "topic"})
	if !local.IsDiscarded() {
		t.Error("the client is not disconnected")
	}
}

func TestRepeatedBatchIsStoredOnce(t *testing.T) {
	clusters, _ := members(t, 1, everyMinute)
	member := clusters[0]
	batch := []outgoing{{receiver: "carebase-other", client: "client", message: subscriptions.Message{Name: "topic", Data: []byte("{}")}}}
	if _, err := member.session.connection.Exec(t.Context(), "INSERT INTO cluster.processes (id) VALUES ('carebase-other')"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := member.sendBatch(t.Context(), &member.session, 1, batch); err != nil {
			t.Fatal(err)
		}
	}
	var count int
	if err := member.session.connection.QueryRow(t.Context(), "SELECT count(*) FROM cluster.messages").Scan(&count); err != nil {
		t.Fatal(err)
	}
	if count != 1 {
		t.Errorf("the batch is stored %d times", count)
	}
}

func TestOthersHearOfLostMessages(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	removed, other := clusters[0], clusters[1]
	local := connected(t, other, nil, "topic")
	if err := removed.end(); err != nil {
		t.Fatal(err)
	}
	defer removed.closeSession(&removed.session)
	batch := []outgoing{{receiver: other.process, client: local.id, message: subscriptions.Message{Name: "topic", Data: []byte("{}")}}}
	if err := removed.sendBatch(t.Context(), &removed.session, 1, batch); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := removed.tellLost(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); local.Waiting() == 0 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if waiting := local.Waiting(); waiting != 1 {
		t.Errorf("%d messages wait, not only that of the gap", waiting)
	}
}
