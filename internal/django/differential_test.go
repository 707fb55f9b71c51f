package django_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

// named are the differences that may remain: each is a row of README's table.
var named = []struct {
	row string
	is  func(e exchange, got answer, described bool) bool
}{
	{"`OPTIONS` also describes the headers", func(_ exchange, _ answer, described bool) bool { return described }},
	{"paths that do not exist get \"Not found.\" in JSON", func(e exchange, got answer, _ bool) bool {
		return e.Want.Status == 404 && e.Want.Body == "<html>" && got.Status == 404 && got.Type == "application/json"
	}},
	{"`/` is the web console and `/api/` the API root", func(e exchange, _ answer, _ bool) bool {
		path, _, _ := strings.Cut(e.Path, "?")
		return path == "/" || path == "/api/"
	}},
	{"`?page`, `?page_size`, `?search`, `?etag` and filters", func(e exchange, _ answer, _ bool) bool { return strings.Contains(e.Path, "page=") }},
	{"a mailbox has one spelling", func(e exchange, got answer, _ bool) bool {
		return strings.HasPrefix(e.Path, "/api/auth/register/") && got.Status == e.Want.Status && internationalDomain.Match(e.Want.JSON)
	}},
	{"passwords have at most 71 bytes", func(_ exchange, got answer, _ bool) bool {
		return strings.Contains(string(got.JSON), "It must contain at most 71 bytes.")
	}},
	{"bodies are UTF-8, whatever charset the request names", func(e exchange, _ answer, _ bool) bool {
		return foreignCharset.MatchString(e.contentType())
	}},
	{"a new password must not resemble the name or the e-mail address", func(_ exchange, got answer, _ bool) bool {
		return strings.Contains(string(got.JSON), "The password is too similar to the ")
	}},
}

var internationalDomain = regexp.MustCompile(`@[^"]*(xn--|\\u|[^\x00-\x7f])`)

var foreignCharset = regexp.MustCompile(`(?i)charset="?(latin-1|utf-16)`)

func (e exchange) contentType() string {
	for _, header := range e.Headers {
		if header[0] == "Content-Type" {
			return header[1]
		}
	}
	return ""
}

// TestSameAnswersAsTheDocumentedStack sends the corpus. What differs must be named in
// README's table of differences.
func TestSameAnswersAsTheDocumentedStack(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(module.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range named {
		if !strings.Contains(string(readme), difference.row) {
			t.Errorf("README does not list that %s", difference.row)
		}
	}
	w := &world{Server: testapp.New(t, func(settings *config.Config) {
		settings.Throttle, settings.AuditReads, settings.SQLiteSynchronous = nil, config.AuditReadsOff, config.SynchronousNormal
	})}
	total, identical, counts := 0, 0, map[string]int{}
	for _, e := range readCorpus(t) {
		if e.Session != "" {
			if total > 0 {
				w.end()
			}
			w.begin(e.Session)
			continue
		}
		total++
		got, err := w.ask(e)
		if err != nil {
			t.Fatalf("%s %s: %v", e.Method, e.Path, err)
		}
		same, described := w.compare(e, got)
		if same && !described {
			identical++
			continue
		}
		row := ""
		for _, difference := range named {
			if row == "" && difference.is(e, got, described && same) {
				row = difference.row
			}
		}
		if counts[row]++; row == "" && counts[row] <= maxShown {
			body, _ := e.content()
			t.Errorf("%s %s %v %q:\n got %v\nwant %v", e.Method, e.Path, e.Headers, body, got, e.Want)
		}
	}
	t.Logf("%d of %d identical; otherwise: %v", identical, total, counts)
	if share := float64(total-counts[""]) / float64(total); total < minRequests || share < minShare {
		t.Errorf("%.2f%% of %d requests are answered alike", 100*share, total)
	}
}

const (
	// minShare is the share of answers that must be identical or differ by name.
	minShare    = 0.995
	minRequests = 3000
	maxShown    = 10
)

// compare compares an answer with the documented stack's; described tells that OPTIONS
// describes headers besides.
func (w *world) compare(e exchange, got answer) (same, described bool) {
	options := strings.EqualFold(e.Method, "OPTIONS")
	ours := canonical{names: w.names, kind: kindOf(e.Path), options: options}
	theirs := canonical{options: options}
	same = got.Status == e.Want.Status && got.Type == e.Want.Type && got.Challenge == e.Want.Challenge &&
		got.Allow == e.Want.Allow && got.Body == e.Want.Body && got.Indented == e.Want.Indented
	if got.JSON != nil || e.Want.JSON != nil {
		same = ours.rewrite(got.JSON) == theirs.rewrite(e.Want.JSON) && same
	}
	return same, ours.described
}
