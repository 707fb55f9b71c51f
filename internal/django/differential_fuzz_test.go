package django_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

const (
	// fuzzSeeds and fuzzRequests are the number of sessions of random requests and of
	// the requests in each.
	fuzzSeeds, fuzzRequests = 4, 150
	// maxMutations is the number of changes to a body.
	maxMutations = 3
)

// TestRandomRequests makes new requests out of the corpus, which the documented stack
// has not answered, and checks what holds for every answer.
func TestRandomRequests(t *testing.T) {
	corpus := readCorpus(t)
	w := &world{Server: testapp.New(t, func(settings *config.Config) { settings.Throttle = nil })}
	for seed := range uint64(fuzzSeeds) {
		random := rand.New(rand.NewPCG(seed, 0))
		w.begin("fuzz" + string(rune('a'+seed)))
		for range fuzzRequests {
			e := mixed(random, corpus)
			got, err := w.ask(e)
			if err != nil {
				t.Fatalf("seed %d: %s %s: %v", seed, e.Method, e.Path, err)
			}
			if problem := problemOf(e, got); problem != "" {
				body, _ := e.content()
				t.Errorf("seed %d: %s: %s %s %v %q got %v", seed, problem, e.Method, e.Path, e.Headers, body, got)
			}
		}
		w.end()
	}
}

// mixed takes the parts of a request from different lines of the corpus, and damages
// the body.
func mixed(random *rand.Rand, corpus []exchange) exchange {
	pick := func() exchange {
		for {
			if e := corpus[random.IntN(len(corpus))]; e.Session == "" {
				return e
			}
		}
	}
	e := pick()
	if random.IntN(4) == 0 {
		e.Method = pick().Method
	}
	if random.IntN(4) == 0 {
		e.Headers = pick().Headers
	}
	if random.IntN(3) == 0 {
		other := pick()
		e.Body, e.Base64 = other.Body, other.Base64
	}
	e.Creates = ""
	if content, present := e.content(); present && random.IntN(2) == 0 {
		damaged := damage(random, content)
		e.Body, e.Base64 = &damaged, nil
	}
	return e
}

// damage removes, repeats and replaces bytes of a text.
func damage(random *rand.Rand, text string) string {
	const strange = "\x00\xff\"'{}[],:\\&=%;-\r\n0e"
	for range 1 + random.IntN(maxMutations) {
		if text == "" {
			break
		}
		at := random.IntN(len(text))
		switch random.IntN(3) {
		case 0:
			text = text[:at] + text[at+1:]
		case 1:
			text = text[:at] + text[random.IntN(at+1):]
		case 2:
			text = text[:at] + string(strange[random.IntN(len(strange))]) + text[at+1:]
		}
	}
	return text
}

// problemOf returns what is wrong with an answer; empty if nothing is.
func problemOf(e exchange, got answer) string {
	switch {
	case got.Status >= 500:
		return "a server error"
	case got.Status == http.StatusUnauthorized && got.Challenge != `Bearer realm="api"`:
		return "a 401 without a challenge"
	case got.Status == http.StatusMethodNotAllowed && got.Allow == "":
		return "a 405 without the methods that are allowed"
	case got.Status < 400 || got.Body == "<html>" || strings.EqualFold(e.Method, "HEAD") || !isDocumented(e.Path):
		return ""
	}
	var detail struct{ Detail *string }
	if json.Unmarshal(got.JSON, &detail) == nil && detail.Detail != nil {
		return ""
	}
	var fields map[string][]string
	if json.Unmarshal(got.JSON, &fields) != nil || len(fields) == 0 {
		return "an error of another shape"
	}
	return ""
}

// isDocumented reports whether a path is below those of the documented API.
func isDocumented(path string) bool {
	for _, prefix := range []string{"auth", "token", "patients", "doctors", "mappings"} {
		if strings.HasPrefix(path, "/api/"+prefix+"/") {
			return true
		}
	}
	return false
}
