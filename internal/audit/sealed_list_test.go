package audit_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

// listOfEvents is what PocketBase's record API answers.
type listOfEvents struct {
	Items      []map[string]any
	Page       int
	PerPage    int
	TotalItems int
	TotalPages int
}

// list asks as a superuser for audit events up to one, so that those of asking do not
// count.
func (c *clinic) list(t *testing.T, upTo, filter string, parameters ...string) (found listOfEvents) {
	t.Helper()
	known := `id <= "` + upTo + `"`
	if filter != "" {
		known += " && (" + filter + ")"
	}
	answer := c.Call(c.superuser, "GET", testapp.Records("audit_events", append([]string{"filter", known, "perPage", "1000"}, parameters...)...), nil)
	if answer.Status != http.StatusOK {
		t.Fatalf("%s: got %d %s", filter, answer.Status, answer.Body)
	}
	answer.Decode(c.Server, &found)
	return found
}

// text is a list as a text. Events of the same millisecond have no order.
func (l listOfEvents) text(sorted bool) string {
	lines := []string{fmt.Sprint(l.Page, l.PerPage, l.TotalItems, l.TotalPages)}
	for _, item := range l.Items {
		line, _ := json.Marshal(item)
		lines = append(lines, string(line))
	}
	if !sorted {
		slices.Sort(lines)
	}
	return strings.Join(lines, "\n")
}

// filters are what superusers ask for, with PATIENT, USER, TIME and ID replaced.
var filters = []string{
	"", `patient = "PATIENT"`, `patient = "p7"`, `patient = "nobody"`, `agent = "USER"`, `agent = "USER" && action = "U"`, `agent = USER`,
	`recorded_at >= "TIME"`, `recorded_at < "TIME"`, `recorded_at >= "TIME" && patient = "PATIENT"`, `patient = "PATIENT" || patient = "p7"`,
	`(patient = "PATIENT" && recorded_at < "TIME") || action = "C"`, `patient != "PATIENT"`, `patient = ""`, `id = "ID"`, `id != "ID" && seq > 20`, `outcome = "denied"`,
	`action = "R" && door ~ "rest"`, `who ~ "OWNER"`, `what = "changed"`, `collection = "patients" && fields ~ "ag%"`, `records ~ "p7"`, `seq >= 3 && seq < 9`, `seq = 5`,
	`recorded_at ~ "TIME"`, `recorded_at > @yearStart`, `recorded_at < @now`, `@request.auth.id != ""`, `hash ~ "ab"`, `detail:length > 3`,
	`patient ?= "PATIENT" && agent ?= "USER"`, `"PATIENT" = patient`, `patient = "p7" && patient = "p8"`,
	`recorded_at > "2026-02-30"`, `recorded_at < "2026-99-99 25:61:00.000Z"`, // a text like any other, as for PocketBase
}

func (c *clinic) fill(filter string, all []event) string {
	middle := all[len(all)/2]
	everywhere := filter
	if filter == "search" { // what the dashboard makes of a text
		var each []string
		for _, column := range []string{"id", "recorded_at", "who", "what", "action", "outcome", "agent", "door", "collection", "records", "patient", "fields", "detail", "address", "hash"} {
			each = append(each, column+` ~ "ACTION"`)
		}
		everywhere = strings.ReplaceAll(strings.Join(each, " || "), "ACTION", "owner")
	}
	return strings.NewReplacer("PATIENT", c.patient, "USER", c.owner.ID, "TIME", middle.RecordedAt, "ID", middle.ID).Replace(everywhere)
}

// checkTimes compares the time of events with dates in PocketBase's form.
func (c *clinic) checkTimes(t *testing.T, all []event) {
	t.Helper()
	last := all[len(all)-1].ID
	inAudit := all[len(all)/2].RecordedAt
	inPocketBase := strings.Replace(inAudit, "T", " ", 1)
	for filter, same := range map[string]string{
		"recorded_at < @now": "", "recorded_at < @todayEnd": "", "@yesterday < recorded_at": "",
		"recorded_at > @now": `id = ""`, "recorded_at > @tomorrow": `id = ""`,
		`recorded_at < "` + inPocketBase + `"`: `recorded_at < "` + inAudit + `"`,
		`recorded_at = "` + inPocketBase + `"`: `recorded_at = "` + inAudit + `"`,
	} {
		if found, want := c.list(t, last, filter), c.list(t, last, same); found.TotalItems != want.TotalItems {
			t.Errorf("%s: got %d, want %d", filter, found.TotalItems, want.TotalItems)
		}
	}
}

// TestTheDashboardListsSealedEvents asks for the same before anything is sealed, when
// half of it is, and when all is.
func TestTheDashboardListsSealedEvents(t *testing.T) {
	c := newClinic(t)
	for i := range 6 { // whose list is a set of records
		c.id(c.owner, "patients", map[string]any{"name": fmt.Sprint("P", i), "age": i})
	}
	c.Must(http.StatusOK, c.owner.Access, "GET", "/api/patients/", nil)
	c.Must(http.StatusOK, c.owner.Access, "PATCH", "/api/patients/"+c.patient+"/", map[string]any{"age": 9})
	c.Call(c.stranger.Access, "GET", "/api/patients/"+c.patient+"/", nil)
	c.record(t, 80)
	_ = events(t, c.Server)
	time.Sleep(2 * time.Millisecond) // ids are of milliseconds
	half := time.Now()
	time.Sleep(2 * time.Millisecond)
	c.record(t, 90)
	all := events(t, c.Server)
	last := all[len(all)-1].ID
	asked := map[string]listOfEvents{}
	for _, filter := range append(filters, "search") {
		asked[filter] = c.list(t, last, c.fill(filter, all))
	}
	c.checkTimes(t, all)
	sorted := c.list(t, last, "", "sort", "-what,agent,-id", "page", "2", "perPage", "70").text(true)
	viewed := c.Call(c.superuser, "GET", testapp.Records("audit_events")+"/"+all[10].ID, nil)
	for _, until := range []time.Time{half, time.Now()} {
		_ = events(t, c.Server)
		if sealed, err := audit.Seal(t.Context(), c.App, until); err != nil || sealed < 80 {
			t.Fatalf("sealed %d: %v", sealed, err)
		}
		for filter, before := range asked {
			after := c.list(t, last, c.fill(filter, all))
			if got, want := after.text(false), before.text(false); got != want {
				t.Errorf("%s: got %d of %d events, %d of %d before:\n%.600s\n%.600s", filter, len(after.Items), after.TotalItems, len(before.Items), before.TotalItems, got, want)
			}
			if !slices.IsSortedFunc(after.Items, func(a, b map[string]any) int {
				return strings.Compare(b["recorded_at"].(string), a["recorded_at"].(string))
			}) {
				t.Errorf("%s: not the newest first", filter)
			}
		}
		if got := c.list(t, last, "", "sort", "-what,agent,-id", "page", "2", "perPage", "70").text(true); got != sorted {
			t.Errorf("sorted otherwise: got\n%.600s\nwant\n%.600s", got, sorted)
		}
		if got := c.Call(c.superuser, "GET", testapp.Records("audit_events")+"/"+all[10].ID, nil); got.Status != http.StatusOK || got.Body != viewed.Body {
			t.Errorf("one event: got %d %s, want %s", got.Status, got.Body, viewed.Body)
		}
		c.pages(t, last, asked[""])
	}
	verify(t, c.Server)
}

// pages reads the list page by page, in both orders.
func (c *clinic) pages(t *testing.T, last string, whole listOfEvents) {
	t.Helper()
	for _, sort := range []string{"-recorded_at", "id"} {
		var ids []string
		for page := 1; page <= whole.TotalItems/70+1; page++ {
			found := c.list(t, last, "", "sort", sort, "perPage", "70", "page", fmt.Sprint(page), "skipTotal", "true", "fields", "id")
			for _, item := range found.Items {
				if len(item) != 1 || found.TotalItems != -1 {
					t.Fatalf("got %v of %d", item, found.TotalItems)
				}
				ids = append(ids, item["id"].(string))
			}
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != whole.TotalItems {
			t.Errorf("the pages by %s have %d of %d events", sort, len(slices.Compact(ids)), whole.TotalItems)
		}
	}
}

func (c *clinic) want(t *testing.T, answer testapp.Response, statuses ...int) {
	t.Helper()
	if !slices.Contains(statuses, answer.Status) {
		t.Errorf("got %d %s, want %v", answer.Status, answer.Body, statuses)
	}
}

// TestListsOfSealedEventsAreRefused asks for what the list cannot answer, or not to
// everybody.
func TestListsOfSealedEventsAreRefused(t *testing.T) {
	c := newClinic(t)
	c.seal(t)
	for _, query := range [][]string{
		{"filter", "nothing = 1"}, {"filter", "action = "}, {"sort", "nothing"}, {"page", "x"}, {"skipTotal", "x"},
		{"page", "1000", "perPage", "1000"},
	} {
		c.want(t, c.Call(c.superuser, "GET", testapp.Records("audit_events", query...), nil), http.StatusBadRequest)
	}
	c.want(t, c.Call(c.superuser, "GET", testapp.Records("audit_events", "filter", "@collection.users.name = who"), nil), http.StatusBadRequest)
	c.want(t, c.Call(c.superuser, "GET", testapp.Records("patients", "filter", "@collection.audit_events.patient ?= id"), nil), http.StatusBadRequest)
	c.want(t, c.Call(c.superuser, "GET", testapp.Records("audit_events")+"/nothing", nil), http.StatusNotFound)
	for token, status := range map[string]int{c.owner.Access: http.StatusForbidden, "": http.StatusForbidden} {
		c.want(t, c.Call(token, "GET", testapp.Records("audit_events"), nil), status)
		c.want(t, c.Call(token, "GET", testapp.Records("audit_events")+"/"+"x", nil), status, http.StatusNotFound)
	}
	far := c.Call(c.superuser, "GET", testapp.Records("audit_events", "page", "252", "perPage", "40", "sort", "-recorded_at"), nil)
	if c.want(t, far, http.StatusBadRequest); !strings.Contains(far.Body, "ends at its 10000th") {
		t.Errorf("got %s", far.Body)
	}
	// Reading the trail is an event of it.
	before := len(matching(events(t, c.Server), event{Action: "R", Collection: collections.AuditEvents}))
	c.list(t, "z", "")
	if after := len(matching(events(t, c.Server), event{Action: "R", Collection: collections.AuditEvents})); after != before+1 {
		t.Errorf("reading the trail was recorded %d times", after-before)
	}
}

// TestListsKeepWhatIsSealedMeanwhile seals events just after a list has counted them in
// rows, and between the moments that it finds them there and reads them.
func TestListsKeepWhatIsSealedMeanwhile(t *testing.T) {
	for name, parts := range map[string][]string{"counted": {"COUNT(DISTINCT"}, "found": {"first_seq", "audit_segments"}} {
		c := newClinic(t)
		c.record(t, 80)
		if _, err := audit.Seal(t.Context(), c.App, time.Now()); err != nil {
			t.Fatal(err)
		}
		c.record(t, 40)
		all := events(t, c.Server)
		last := all[len(all)-1].ID
		want := c.list(t, last, "", "sort", "-id")
		_ = events(t, c.Server) // what that has recorded is stored
		var begun atomic.Bool
		database := c.App.ConcurrentDB().(*dbx.DB)
		database.QueryLogFunc = func(ctx context.Context, _ time.Duration, statement string, _ *sql.Rows, _ error) {
			isOther := slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(statement, part) })
			if isOther || begun.Swap(true) {
				return
			}
			if sealed, err := audit.Seal(context.WithoutCancel(ctx), c.App, time.Now()); err != nil || sealed < 40 {
				t.Errorf("%s: sealed %d: %v", name, sealed, err)
			}
		}
		got := c.list(t, last, "", "sort", "-id")
		database.QueryLogFunc = nil
		if got.TotalItems != want.TotalItems || len(got.Items) != len(want.Items) || !begun.Load() {
			t.Errorf("%s: got %d of %d events, want %d of %d", name, len(got.Items), got.TotalItems, len(want.Items), want.TotalItems)
		}
	}
}

// TestThePageOfOneUserOpensFewSegments asks for a page of a user's and a patient's events
// in several segments: their number comes from the index.
func TestThePageOfOneUserOpensFewSegments(t *testing.T) {
	c := newClinic(t)
	const segments = 6
	for range segments {
		c.record(t, 40)
		for range 2 {
			c.want(t, c.Call(c.owner.Access, "GET", "/api/patients/"+c.patient+"/", nil), http.StatusOK)
		}
		if err := audit.Flush(t.Context(), c.App); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Seal(t.Context(), c.App, time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	var opened atomic.Int64
	database := c.App.ConcurrentDB().(*dbx.DB)
	database.QueryLogFunc = func(_ context.Context, _ time.Duration, statement string, _ *sql.Rows, _ error) {
		if strings.Contains(statement, "audit_segment_contents") {
			opened.Add(1)
		}
	}
	defer func() { database.QueryLogFunc = nil }()
	for _, filter := range []string{`agent = "` + c.owner.ID + `"`, `agent ?= '` + c.owner.ID + `'`, `patient = "` + c.patient + `"`} {
		want := c.list(t, "z", filter).TotalItems
		opened.Store(0)
		var got listOfEvents
		c.Call(c.superuser, "GET", testapp.Records("audit_events", "filter", filter, "sort", "-recorded_at", "perPage", "2"), nil).Decode(c.Server, &got)
		if got.TotalItems != want || len(got.Items) != 2 || want < 2*segments {
			t.Errorf("%s: got %d of %d events, want %d", filter, len(got.Items), got.TotalItems, want)
		}
		if count := opened.Load(); count > segments/2 {
			t.Errorf("%s: %d segments were opened", filter, count)
		}
	}
}
