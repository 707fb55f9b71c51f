package cluster

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"
)

func TestClientsAreKnownToAllMembers(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	here, there := clusters[0], clusters[1]
	record := superuser(t, here, "one@example.com")
	local := connected(t, here, record, "a", `b?options={"query":{"filter":"x=1"}}`)
	if err := there.pull(); err != nil {
		t.Fatal(err)
	}
	remote := there.find(local.id)
	if remote == nil || remote.isLocal() {
		t.Fatalf("got %v", remote)
	}
	if topics := remote.Subscriptions(); len(topics) != 2 || topics[`b?options={"query":{"filter":"x=1"}}`].Query["filter"] != "x=1" {
		t.Errorf("got the subscriptions %v", topics)
	}
	if authKey(remote.auth()) != authKey(record) {
		t.Errorf("the client is signed in as %v", remote.auth())
	}

	gone := local.state()
	gone.Gone = true
	if err := here.store(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if err := there.pull(); err != nil {
		t.Fatal(err)
	}
	if there.find(local.id) != nil {
		t.Error("the client is gone but still in the broker")
	}
}

func TestRevokedSignInIsRemoved(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	here, there := clusters[0], clusters[1]
	record := superuser(t, here, "one@example.com")
	local := connected(t, here, record, "topic")
	record.RefreshTokenKey()
	if err := there.app.Save(record); err != nil {
		t.Fatal(err)
	}
	// The stored state still has the old sign-in.
	for _, member := range clusters {
		if err := member.applyStored(t.Context(), local.id); err != nil {
			t.Fatal(err)
		}
		if auth := member.find(local.id).auth(); auth != nil {
			t.Errorf("the client is signed in as %s", auth.Email())
		}
	}
}

// TestSignInWithAnotherSecretIsNotTakenUp has a process hear of a new secret before it
// applies what was stored with the former one, and after it has applied what is stored
// with the new one.
func TestSignInWithAnotherSecretIsNotTakenUp(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	here, there := clusters[0], clusters[1]
	former := superuser(t, here, "one@example.com")
	before := connected(t, here, former, "topic")
	collection, err := there.app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		t.Fatal(err)
	}
	collection.AuthToken.Secret = strings.Repeat("new", 11)
	if err := there.app.Save(collection); err != nil {
		t.Fatal(err)
	}
	renewed, err := there.app.FindRecordById(collection, former.Id)
	if err != nil {
		t.Fatal(err)
	}
	after := connected(t, there, renewed, "topic")
	stale := former.Collection()
	here.app.Store().Set(core.StoreKeyCachedCollections, []*core.Collection{stale})
	if err := here.applyStored(t.Context(), after.id); err != nil {
		t.Fatal(err)
	}
	if auth := here.find(after.id).auth(); auth == nil || auth.Collection().AuthToken.Secret != collection.AuthToken.Secret {
		t.Errorf("the client with the new secret is signed in as %v", auth)
	}
	for _, member := range clusters {
		if err := member.app.ReloadCachedCollections(); err != nil {
			t.Fatal(err)
		}
		if err := member.applyStored(t.Context(), before.id); err != nil {
			t.Fatal(err)
		}
		if auth := member.find(before.id).auth(); auth != nil {
			t.Errorf("the client with the former secret is signed in as %s", auth.Email())
		}
	}
}

func TestNewerStateOfAnotherProcessIsKept(t *testing.T) {
	clusters, _ := members(t, 2, everyMinute)
	here, there := clusters[0], clusters[1]
	local := connected(t, here, nil, "old")
	for _, member := range clusters {
		if err := member.pull(); err != nil {
			t.Fatal(err)
		}
	}
	remote := there.find(local.id)
	remote.Subscribe("outdated")
	local.Subscribe("new")
	if err := here.storeChanges(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := there.storeChanges(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := there.pull(); err != nil {
		t.Fatal(err)
	}
	if remote.HasSubscription("outdated") || !remote.HasSubscription("new") {
		t.Errorf("got %v", remote.Subscriptions())
	}
}
