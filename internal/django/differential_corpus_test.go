package django_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The corpus, testdata/corpus.jsonl.gz, has random requests in sessions, and what the
// documented stack has answered to them: Django 5.2, Django REST Framework 3.15 and
// SimpleJWT 5.5 on PostgreSQL.

// exchange is a line of the corpus: a request and what the documented stack answered,
// or the start of a session.
type exchange struct {
	// Session starts a session with new users and records; the other fields are empty.
	Session string
	Method  string
	// Path, Headers and the body have placeholders: @@p1@@ is the id of a record,
	// @@T:alice:access@@ a token, @@alice.email@@ an address.
	Path    string
	Headers [][2]string
	Body    *string
	Base64  []byte
	// Creates is the placeholder of the record that the request creates.
	Creates string
	Want    answer
}

// answer is a response without what is another one each time.
type answer struct {
	Status    int
	Type      string
	Challenge string
	// Allow has the methods in alphabetical order.
	Allow    string
	JSON     json.RawMessage
	Indented bool
	// Body is that of a response without JSON; "<html>" for any page.
	Body string
}

// readCorpus yields the lines of the corpus.
func readCorpus(t *testing.T) []exchange {
	t.Helper()
	file, err := os.Open("testdata/corpus.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var corpus []exchange
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line exchange
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		corpus = append(corpus, line)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return corpus
}

// content returns the body with its placeholders.
func (e exchange) content() (string, bool) {
	switch {
	case e.Body != nil:
		return *e.Body, true
	case e.Base64 != nil:
		return string(e.Base64), true
	}
	return "", false
}

var placeholder = regexp.MustCompile(`@@([\w:.]+?)@@`)

// fill replaces the placeholders in a text.
func (w *world) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.Trim(match, "@")
		if token, found := strings.CutPrefix(name, "T:"); found {
			return w.tokens[token]
		}
		if user, found := strings.CutSuffix(name, ".email"); found {
			return w.emails[user]
		}
		return w.ids[strings.TrimSuffix(name, ":s")]
	})
}

// String shows what is compared.
func (a answer) String() string {
	return fmt.Sprintf("%d %s %q allow %q indented %v %s%s", a.Status, a.Type, a.Challenge, a.Allow, a.Indented, a.Body, a.JSON)
}
