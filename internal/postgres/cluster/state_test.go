package cluster

import (
	"testing"
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
