package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"carebase/internal/testing/testapp"
)

// A date as the documented API writes it means the same moment in filters of the
// record API, of subscriptions, and in rules.
func TestDatesInFilters(t *testing.T) {
	c := testapp.SharedClinic(t)
	written, _ := c.Must(http.StatusOK, c.Alice.Access, "GET", "/api/patients/"+c.AlicePatient+"/", nil)["created_at"].(string)
	at, err := time.Parse(time.RFC3339Nano, written)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := at.In(time.FixedZone("", 5*60*60+30*60))
	notes := `it's "quoted" \ and ` + written
	c.Must(http.StatusOK, c.Alice.Access, "PATCH", "/api/patients/"+c.AlicePatient+"/", map[string]any{"notes": notes})
	for _, test := range []struct {
		filter string
		found  bool
	}{
		{"created_at = '" + written + "'", true},
		{"'" + written + "' = created_at", true},
		{"created_at >= '" + written + "' && created_at <= '" + written + "'", true},
		{"created_at > '" + written + "'", false},
		{"created_at != '" + written + "'", false},
		{"created_at = '" + elsewhere.Format(time.RFC3339Nano) + "'", true},
		{"created_at > '" + elsewhere.Add(-time.Second).Format(time.RFC3339) + "'", true},
		{"created_at < '" + elsewhere.Add(time.Second).Format("2006-01-02t15:04:05Z07:00") + "'", true},
		{"(name = 'nobody' || (created_at ?>= '" + at.Format("2006-01-02T15:04Z") + "')) // a comment", true},
		{"created_by.created < '" + elsewhere.Add(time.Second).Format(time.RFC3339) + "'", true},
		{"created_at = '" + at.Format("2006-01-02 15:04:05.000Z") + "'", true},
		{"created_at = '" + written + `' && notes = 'it\'s "quoted" \\ and ` + written + "'", true},
		{"created_at = '" + written + `' && notes = "it's \"quoted\" \\ and ` + written + `"`, true},
		{"created_at = '2026-99-99T12:00:00Z'", false},
	} {
		found := c.IDs(c.Alice.Access, testapp.Records("patients", "filter", test.filter))
		if slices.Contains(found, c.AlicePatient) != test.found {
			t.Errorf("%s: got %v", test.filter, found)
		}
		subscriber := c.Connect()
		c.Want(subscriber.Subscribe(c.Alice.Access, topic("patients/*", "filter", test.filter), "doctors/*"), 204)
		c.Must(http.StatusOK, c.Alice.Access, "PATCH", "/api/patients/"+c.AlicePatient+"/", map[string]any{"age": 35})
		doctor := c.Doctor(c.Alice, "Witness")
		event := subscriber.Next()
		if test.found != event.Is("update", c.AlicePatient) {
			t.Errorf("%s: got %+v", test.filter, event)
		}
		if test.found {
			event = subscriber.Next()
		}
		if !event.Is("create", doctor) {
			t.Errorf("%s: got %+v", test.filter, event)
		}
		subscriber.End()
	}
}

func TestDatesInRules(t *testing.T) {
	c := testapp.NewClinic(t)
	create := func(name, date string) {
		c.Want(c.Call(c.SuperuserToken, "POST", "/api/collections", map[string]any{
			"name": name, "type": "base", "listRule": fmt.Sprintf("opens_at <= '%s'", date),
			"fields": []any{map[string]any{"name": "opens_at", "type": "date"}},
		}), 200)
		c.Want(c.Call(c.SuperuserToken, "POST", testapp.Records(name), map[string]any{"opens_at": "2026-01-31 12:00:00.000Z"}), 200)
	}
	create("opened", "2026-01-31T14:00:00+02:00")
	create("closed", "2026-01-31T13:59:59+02:00")
	if opened, closed := c.IDs("", testapp.Records("opened")), c.IDs("", testapp.Records("closed")); len(opened) != 1 || len(closed) != 0 {
		t.Errorf("got %v and %v", opened, closed)
	}
}

func TestScriptsOfOtherOriginsReadHeaders(t *testing.T) {
	c := testapp.SharedClinic(t)
	origin := map[string]string{"Origin": "https://app.example.com"}
	for _, path := range []string{"/api/patients/" + c.AlicePatient + "/", testapp.Records("patients"), "/api/nothing/"} {
		response := c.Do(testapp.Request{Method: "GET", Path: path, Token: c.Alice.Access, Header: origin})
		exposed := strings.Split(response.Header.Get("Access-Control-Expose-Headers"), ", ")
		for _, name := range []string{"Retry-After", "ETag", "Link", "Location", "Idempotency-Replayed"} {
			if !slices.Contains(exposed, name) {
				t.Errorf("%s: %s is not among %v", path, name, exposed)
			}
		}
	}
}
