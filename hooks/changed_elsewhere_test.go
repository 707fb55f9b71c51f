package hooks_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

// TestRulesAskForAccountsThatOthersChange has a process that tells nothing change what a
// realtime rule asks of an account, with and without the time of the update.
func TestRulesAskForAccountsThatOthersChange(t *testing.T) {
	t.Parallel()
	s := testapp.New(t)
	rule := "open = true || @request.auth.verified = true || @request.auth.emailVisibility = true || @request.auth.role = 'nurse'"
	notices := core.NewBaseCollection("notices")
	notices.Fields.Add(&core.BoolField{Name: "open"})
	notices.ListRule = &rule
	if err := s.App.Save(notices); err != nil {
		t.Fatal(err)
	}
	token, account := member(t, s, "members")
	members := account.Collection()
	members.Fields.Add(&core.TextField{Name: "role"}, &core.AutodateField{Name: "changed", OnCreate: true, OnUpdate: true})
	if err := s.App.Save(members); err != nil {
		t.Fatal(err)
	}
	set := func(app core.App, fields map[string]any) {
		t.Helper()
		found, err := app.FindRecordById("members", account.Id)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			found.Set(name, value)
		}
		if err := app.Save(found); err != nil {
			t.Fatal(err)
		}
	}
	command := testapp.Beside(t, s.App)
	subscriber := s.Connect()
	if status := subscriber.Subscribe(token, "notices").Status; status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	write := func(open bool) string {
		t.Helper()
		notice := core.NewRecord(notices)
		notice.Set("open", open)
		if err := s.App.Save(notice); err != nil {
			t.Fatal(err)
		}
		return notice.Id
	}
	know := func(name string, want any) {
		t.Helper()
		testapp.Eventually(t, 10*time.Second, "the server knows "+name, func() bool {
			for _, client := range realtime.Of(s.App).Broker().Clients() {
				if auth := realtime.AuthOf(client); auth != nil && auth.Get(name) == want {
					return true
				}
			}
			return false
		})
	}
	for name, values := range map[string][2]any{"verified": {true, false}, "emailVisibility": {true, false}, "role": {"nurse", ""}} {
		set(command, map[string]any{name: values[0]})
		know(name, values[0])
		if id := write(false); !subscriber.Next().Is("create", id) {
			t.Errorf("%s: another event came", name)
		}
		set(command, map[string]any{name: values[1]})
		know(name, values[1])
		write(false)
		if id := write(true); !subscriber.Next().Is("create", id) {
			t.Errorf("%s: another event came", name)
		}
	}
	// Whom the change signs out stays so.
	found, err := command.FindRecordById("members", account.Id)
	if err != nil {
		t.Fatal(err)
	}
	found.SetVerified(true)
	found.RefreshTokenKey()
	if err := command.Save(found); err != nil {
		t.Fatal(err)
	}
	if event := subscriber.Next(); event.Topic != "@sessionEnded" {
		t.Errorf("got %+v", event)
	}
}
