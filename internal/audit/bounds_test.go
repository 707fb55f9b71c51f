package audit_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// mostText is how many bytes of what callers choose are in an event.
const mostText = 255

// TestWhatCallersChooseIsBounded asks for long names at each door that records them, and
// comes from an address with a long zone.
func TestWhatCallersChooseIsBounded(t *testing.T) {
	c := newClinic(t, func(settings *config.Config) {
		settings.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	address := map[string]string{"X-Forwarded-For": "fe80::1%" + strings.Repeat("z", 3000)}
	names := []string{strings.Repeat("A", 50_000), strings.Repeat("é", 9000), "x" + strings.Repeat("é", 9000), strings.Repeat("\xff", 9000), "ab\xffc"}
	for _, door := range []struct{ method, path, detail string }{
		{"GET", "/api/backups/NAME", "download of backup "},
		{"DELETE", "/api/backups/NAME", "backup "},
		{"POST", "/api/backups/NAME/restore", "restore of backup "},
		{"GET", "/api/logs/NAME", "logs "},
		{"POST", "/api/crons/NAME", "job "},
	} {
		for _, name := range names {
			for _, token := range []string{"", c.owner.Access} {
				before := len(events(t, c.Server))
				answer := c.Do(testapp.Request{Method: door.method, Path: strings.Replace(door.path, "NAME", url.PathEscape(name), 1), Token: token, Header: address})
				if answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden {
					t.Errorf("%s %s: got %d %s", door.method, door.path, answer.Status, answer.Body)
				}
				after := events(t, c.Server)[before:]
				if len(after) != 1 {
					t.Fatalf("%s %s: got %d events", door.method, door.path, len(after))
				}
				c.bounded(t, after[0], door.detail, name)
			}
		}
	}
	verify(t, c.Server)
	c.seal(t)
	verify(t, c.Server)
}

// bounded checks that the event of a refused request is short, and still says what was
// asked for.
func (c *clinic) bounded(t *testing.T, refused event, detail, name string) {
	t.Helper()
	asked := strings.ToValidUTF8(name, "\uFFFD")
	said, found := strings.CutPrefix(refused.Detail, detail)
	said, cut := strings.CutSuffix(said, "…")
	if !found || cut != (len(detail+asked) > mostText) || !strings.HasPrefix(asked, said) || said == "" {
		t.Errorf("%s%.10s…: got %+v", detail, name, refused)
	}
	if refused.Outcome != "denied" || len(refused.Detail) > mostText || len(refused.Address) > mostText || !strings.HasPrefix(refused.Address, "fe80:") || !utf8.ValidString(refused.Address) {
		t.Errorf("%d bytes of detail, and %d of an address: %+v", len(refused.Detail), len(refused.Address), refused)
	}
}

// TestStatementsAreRecordedWhole runs the longest statement, and one that PocketBase
// refuses.
func TestStatementsAreRecordedWhole(t *testing.T) {
	c := newClinic(t)
	const longest = 5000
	query := "SELECT id FROM patients WHERE " + strings.Repeat("age < age OR ", 300) + "age = age"
	query += strings.Repeat(" ", longest-len(query))
	statement := func(text string) map[string]any { return map[string]any{"query": text} }
	c.check(t, []one{
		{"longest", c.superuser, "POST", "/api/sql", statement(query), 200, []event{{Action: "E", Door: "sql", Detail: query}}},
		{"longest of a view", c.superuser, "POST", "/api/collections/meta/dry-run-view", statement(query), 200, []event{{Action: "E", Door: "dashboard", Detail: query}}},
		{"too long", c.superuser, "POST", "/api/sql", statement(query + " "), 400, []event{{Action: "E", Door: "sql"}}},
		{"too long for a view", c.superuser, "POST", "/api/collections/meta/dry-run-view", statement(query + " "), 400, []event{{Action: "E", Door: "dashboard"}}},
	})
	all := events(t, c.Server)
	if last := all[len(all)-1].Detail; len(last) > longest || !strings.HasSuffix(last, "…") {
		t.Errorf("got %d bytes of a statement", len(last))
	}
	verify(t, c.Server)
}

// TestTheQueueCountsBytes fills the queue with fewer events, if they are long.
func TestTheQueueCountsBytes(t *testing.T) {
	c := newClinic(t)
	visits := core.NewBaseCollection("visits")
	visits.ListRule = types.Pointer("")
	id := visits.Fields.GetByName("id").(*core.TextField)
	id.Max, id.Pattern, id.AutogeneratePattern = 255, "", ""
	if err := c.App.Save(visits); err != nil {
		t.Fatal(err)
	}
	for _, letter := range "abcd" {
		visit := core.NewRecord(visits)
		visit.Id = strings.Repeat(string(letter), 250)
		if err := c.App.Save(visit); err != nil {
			t.Fatal(err)
		}
	}
	_ = events(t, c.Server)
	const room = 20
	for path, each := range map[string]struct{ status, events int }{
		"/api/backups/" + strings.Repeat("A", 50_000): {http.StatusForbidden, room / 2},
		"/api/collections/visits/records":             {http.StatusOK, room / 5},
	} {
		audit.Of(c.App).Tighten(room)
		audit.Of(c.App).SetRequestTimeout(50 * time.Millisecond)
		c.blocked(t, func() {
			for number := range each.events + 1 {
				want := each.status
				if number == each.events {
					want = http.StatusServiceUnavailable
				}
				if got := c.Call("", "GET", path, nil); got.Status != want {
					t.Errorf("%.40s: number %d: got %d %s, want %d", path, number, got.Status, got.Body, want)
				}
			}
			if waiting := audit.Of(c.App).State().Waiting; waiting != each.events {
				t.Errorf("%.40s: %d events wait", path, waiting)
			}
		})
		audit.Of(c.App).SetRequestTimeout(time.Minute)
		_ = events(t, c.Server)
	}
	verify(t, c.Server)
}
