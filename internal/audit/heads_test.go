package audit_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// bucket speaks as much of S3 as writing, listing and reading objects needs.
type bucket struct {
	*httptest.Server
	mutex   sync.Mutex
	objects map[string]string
	// fails is asked about each request; nil answers all.
	fails func(method, key string) bool
}

func newBucket(t *testing.T) *bucket {
	b := &bucket{objects: map[string]string{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *bucket) place(path string) *config.HeadsPlace {
	return &config.HeadsPlace{Path: path, S3: &config.Bucket{
		Name: "clinic", Region: "r", Endpoint: b.URL, AccessKey: "key", Secret: "secret", ForcePathStyle: true,
	}}
}

func (b *bucket) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	key := strings.Trim(strings.TrimPrefix(request.URL.Path, "/clinic"), "/")
	if b.fails != nil && b.fails(request.Method, key) {
		writer.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	content, exists := b.objects[key]
	switch {
	case request.Method == http.MethodDelete:
		delete(b.objects, key)
		writer.WriteHeader(http.StatusNoContent)
	case request.Method == http.MethodPut:
		content, _ := io.ReadAll(request.Body)
		b.objects[key] = string(content)
		writer.Header().Set("ETag", `"x"`)
	case key == "":
		type entry struct {
			Key, ETag    string
			LastModified time.Time
			Size         int
		}
		var list struct {
			XMLName  xml.Name `xml:"ListBucketResult"`
			KeyCount int
			Contents []entry
		}
		for key, content := range b.objects {
			if strings.HasPrefix(key, request.URL.Query().Get("prefix")) {
				list.Contents = append(list.Contents, entry{key, `"x"`, time.Now().UTC(), len(content)})
			}
		}
		slices.SortFunc(list.Contents, func(a, b entry) int { return strings.Compare(a.Key, b.Key) })
		list.KeyCount = len(list.Contents)
		_ = xml.NewEncoder(writer).Encode(list)
	case !exists:
		writer.WriteHeader(http.StatusNotFound)
	default:
		http.ServeContent(writer, request, key, time.Now().UTC(), strings.NewReader(content))
	}
}

// names returns the names of the objects so far.
func (b *bucket) names() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var names []string
	for name := range b.objects {
		names = append(names, name)
	}
	return names
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: ", what)
		}
	}
}

// rewrite alters an event of each chain and computes all hashes anew, as somebody
// with the database's password can.
func rewrite(t *testing.T, app core.App) {
	t.Helper()
	var rows []struct{ ID, Hash, Event string }
	if err := app.DB().Select("id", "hash", "event").From("audit_log").OrderBy("id").All(&rows); err != nil {
		t.Fatal(err)
	}
	ends := map[string]string{}
	for _, row := range rows {
		var event audit.Facts
		if err := json.Unmarshal([]byte(row.Event), &event); err != nil {
			t.Fatal(err)
		}
		if event.Seq == 1 {
			var origin string
			if err := app.DB().Select("checkpoint_hash").From("audit_chains").Where(dbx.HashExp{"id": event.Chain}).Row(&origin); err != nil {
				t.Fatal(err)
			}
			ends[event.Chain] = origin
			row.Event = strings.Replace(row.Event, `"address":"127.0.0.1"`, `"address":"10.0.0.1"`, 1)
		}
		ends[event.Chain] = audit.LinkHash(ends[event.Chain], row.Event)
		if _, err := app.DB().Update("audit_log", dbx.Params{"event": row.Event, "hash": ends[event.Chain]}, dbx.HashExp{"id": row.ID}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	for chain, hash := range ends {
		if _, err := app.DB().Update("audit_chains", dbx.Params{"hash": hash}, dbx.HashExp{"id": chain}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
}

// headsPlaces returns what heads are read from, made of a server's log and of noted
// heads.
func headsPlaces(t *testing.T, logged string, noted []audit.Head) map[string]*config.HeadsPlace {
	t.Helper()
	directory := t.TempDir()
	places := map[string]*config.HeadsPlace{"a directory": {File: directory}}
	write := func(what, name, content string) {
		t.Helper()
		places[what] = &config.HeadsPlace{File: filepath.Join(directory, name)}
		if err := os.WriteFile(places[what].File, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a log", "server.log", "Console http://localhost\n{\"msg\":\"request failed\"}\n{\"audit_heads\":\n"+logged+"panic: x\n")
	prefixed := ""
	for line := range strings.Lines(logged) {
		prefixed += "Nov 29 12:00:00 host carebase[1]: {x} " + line
	}
	write("a journal", "journal", prefixed)
	manifest, err := json.MarshalIndent(map[string]any{"format": 1, "created_at": time.Now(), "audit_heads": noted}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write("a manifest", "manifest.json", string(manifest))
	return places
}

func TestHeadsLeaveTheDatabase(t *testing.T) {
	const interval = 20 * time.Millisecond
	file := filepath.Join(t.TempDir(), "heads.jsonl")
	objects := newBucket(t)
	c := newClinic(t, func(settings *config.Config) {
		settings.AuditHeads = config.AuditHeads{Interval: interval, Place: &config.HeadsPlace{File: file}}
	})
	_ = events(t, c.Server)
	head := chainOf(t, c)
	has := func(content string) bool { return strings.Contains(content, head.Hash) }
	until(t, "heads in the log", func() bool { return has(c.Logged()) })
	until(t, "heads in the file", func() bool {
		content, err := os.ReadFile(file)
		return err == nil && has(string(content))
	})
	bucketPlace := objects.place("heads/of")
	noted, err := audit.Heads(context.Background(), c.App.DB())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := audit.AppendHeads(context.Background(), bucketPlace, audit.NoteHeads(noted)); err != nil {
			t.Fatal(err)
		}
	}
	if names := objects.names(); len(names) != 2 || !strings.HasPrefix(names[0], "heads/of/20") {
		t.Errorf("got %v", names)
	}

	places := headsPlaces(t, c.Logged(), noted)
	places["the file"], places["a bucket"] = &config.HeadsPlace{File: file}, bucketPlace
	check := func(fails bool) {
		t.Helper()
		for name, place := range places {
			heads, err := audit.ReadHeads(context.Background(), place)
			if err != nil || !slices.ContainsFunc(heads, func(h audit.Head) bool { return h.Hash == head.Hash && time.Since(h.NotedAt) < time.Minute }) {
				t.Errorf("%s: got %+v, %v", name, heads, err)
			}
			if _, err := audit.Verify(context.Background(), c.App, heads); audit.IsViolation(err) != fails {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	check(false)
	rewrite(t, c.App)
	verify(t, c.Server) // nothing in the database tells
	check(true)
}

// TestHeadsThatCannotBeWrittenStopNothing has a place that is a directory.
func TestHeadsThatCannotBeWrittenStopNothing(t *testing.T) {
	c := newClinic(t, func(settings *config.Config) {
		settings.AuditHeads = config.AuditHeads{Interval: 10 * time.Millisecond, Place: &config.HeadsPlace{File: t.TempDir()}}
	})
	until(t, "failures in the log", func() bool { return strings.Count(c.Logged(), "failed to write audit heads") > 1 })
	if got := c.Call("", "GET", "/readyz", nil); got.Status != 200 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if !strings.Contains(c.Logged(), `"msg":"audit heads"`) {
		t.Error("the log has no heads")
	}
}

func TestHeadsCanBeSwitchedOff(t *testing.T) {
	settings := testapp.Default()
	settings.AuditHeads = config.AuditHeads{}
	server := testapp.Serve(t, testapp.NewApp(t, settings))
	server.SignUp("ann")
	terminate(t, server.App)
	if logged := server.Logged(); strings.Contains(logged, "audit heads") {
		t.Errorf("got %s", logged)
	}
}

// terminate does what the end of the process does to the trail.
func terminate(t *testing.T, app core.App) {
	t.Helper()
	if err := audit.Of(app).Terminate(); err != nil {
		t.Error(err)
	}
}

func TestHeadsAreWrittenAtTheEnd(t *testing.T) {
	c := newClinic(t) // with the default interval
	_ = events(t, c.Server)
	head := chainOf(t, c)
	terminate(t, c.App)
	if logged := c.Logged(); !strings.Contains(logged, fmt.Sprintf(`{"chain":"%s","seq":%d,"hash":"%s"}`, head.Chain, head.Seq, head.Hash)) {
		t.Errorf("got %s", logged)
	}
}

// TestManyHeadsAreWrittenOnceADay has more chains than a line should.
func TestManyHeadsAreWrittenOnceADay(t *testing.T) {
	var heads []audit.Head
	for i := range 300 {
		heads = append(heads, audit.Head{Chain: fmt.Sprint(i), Seq: 1})
	}
	day := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	log := audit.NewHeadsLog()
	for _, step := range []struct {
		name string
		at   time.Time
		seq  int64
		want int
	}{{"first", day, 1, 300}, {"nothing new", day.Add(time.Hour), 1, 0}, {"one changed", day.Add(2 * time.Hour), 2, 1}, {"next day", day.Add(24 * time.Hour), 2, 300}} {
		heads[7].Seq = step.seq
		if due := log.Due(heads, step.at); len(due) != step.want {
			t.Errorf("%s: got %d heads, want %d", step.name, len(due), step.want)
		}
		log.Wrote(heads, step.want == len(heads), step.at)
	}
}

func FuzzHeads(f *testing.F) {
	f.Add("x {\"time\":\"2026-01-31T12:00:00Z\",\"audit_heads\":[{\"chain\":\"a\",\"seq\":1,\"hash\":\"b\"}]}\n")
	f.Add("{\n\"created_at\":\"x\",\n\"audit_heads\":[{}]}")
	f.Fuzz(func(t *testing.T, text string) {
		heads, err := audit.ParseHeads(text)
		if err == nil && len(heads) > 0 && !strings.Contains(strings.ToLower(text), "audit") {
			t.Errorf("heads from nowhere: %+v", heads)
		}
	})
}
