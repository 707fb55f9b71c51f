package realtime_test

import (
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

// TestOneEncodingForEachView compares the encodings of one change that subscribers
// with different options are sent.
func TestOneEncodingForEachView(t *testing.T) {
	c := testapp.NewClinic(t)
	if got := c.App.OnRecordEnrich().Length(); got != realtime.OwnEnrichments {
		t.Fatalf("%d hooks may change what a record shows, %d are known not to", got, realtime.OwnEnrichments)
	}
	with := func(name, value string) string {
		return "doctors/*?options=" + url.QueryEscape(`{"query":{"`+name+`":"`+value+`"}}`)
	}
	var mutex sync.Mutex
	encodings := map[*byte]bool{}
	c.App.OnRealtimeMessageSend().BindFunc(func(e *core.RealtimeMessageEvent) error {
		mutex.Lock()
		defer mutex.Unlock()
		encodings[&e.Message.Data[0]] = e.Message.Name != "PB_CONNECT"
		return e.Next()
	})
	for _, test := range []struct {
		tokens, topics []string
		encodings      int
	}{
		{[]string{c.Alice.Access, c.Bob.Access, c.Carol.Access}, []string{"doctors/*", "doctors", "doctors/" + c.DoctorID, with("filter", "name != ''")}, 1},
		{[]string{c.Alice.Access, c.SuperuserToken, c.SuperuserToken}, []string{"doctors/*"}, 2},
		{[]string{c.Alice.Access, c.Alice.Access, c.Bob.Access}, []string{with("expand", "created_by")}, 2},
		{[]string{c.Alice.Access, c.Bob.Access}, []string{with("fields", "id,name"), "doctors/*"}, 2},
		{[]string{c.Alice.Access, c.Alice.Access}, []string{with("fields", "name")}, 2}, // the audit trail records each
	} {
		var subscribers []*testapp.Subscriber
		for _, token := range test.tokens {
			subscribers = append(subscribers, subscribe(t, c.Connect(), token, test.topics...))
		}
		mutex.Lock()
		clear(encodings)
		mutex.Unlock()
		c.Must(200, c.Carol.Access, "PATCH", "/api/doctors/"+c.DoctorID+"/", map[string]any{"speciality": "Oncology"})
		for _, subscriber := range subscribers {
			var got []string
			for range test.topics {
				got = append(got, subscriber.Next().Topic)
			}
			slices.Sort(got)
			if want := slices.Sorted(slices.Values(test.topics)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		mutex.Lock()
		if len(encodings) != test.encodings {
			t.Errorf("%q: got %d encodings, want %d", test.topics, len(encodings), test.encodings)
		}
		mutex.Unlock()
		for _, subscriber := range subscribers {
			subscriber.End()
		}
	}
}
