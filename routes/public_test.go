package routes_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"carebase/internal/testing/testapp"
	"carebase/routes"
)

// TestOverlayServesNothingElse has files around and in the directory that nobody
// means to serve.
func TestOverlayServesNothingElse(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.txt")
	directory := filepath.Join(t.TempDir(), "pb_public")
	overlay := routes.Overlay{Upper: routes.Directory(directory), Lower: fstest.MapFS{"index.html": {Data: []byte("lower")}}}
	read := func(name string) string {
		content, err := fs.ReadFile(overlay, name)
		if err != nil {
			return "refused"
		}
		return string(content)
	}
	if got := read("index.html"); got != "lower" {
		t.Errorf("without the directory: got %q", got)
	}
	for name, content := range map[string]string{
		outside:                                        "secret",
		filepath.Join(directory, "a.txt"):              "a",
		filepath.Join(directory, ".env"):               "secret",
		filepath.Join(directory, ".git", "config"):     "secret",
		filepath.Join(directory, "sub", ".htpasswd"):   "secret",
		filepath.Join(directory, ".well-known", "sec"): "b",
		filepath.Join(directory, ".well-known", ".x"):  "secret",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"file": outside, "up": "..", "sub/relative": "../../" + filepath.Base(filepath.Dir(outside)), "inside": "a.txt",
	} {
		if err := os.Symlink(target, filepath.Join(directory, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"a.txt": "a", "inside": "a", "index.html": "lower", ".well-known/sec": "b",
		"file": "refused", "up/secret.txt": "refused", "sub/relative": "refused", ".env": "refused", ".git/config": "refused",
		"sub/.htpasswd": "refused", ".well-known/.x": "refused", "../secret.txt": "refused",
	} {
		if got := read(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestUnknownPathsForPeople gets a page in a browser, and JSON otherwise.
func TestUnknownPathsForPeople(t *testing.T) {
	server := testapp.Shared(t)
	for _, path := range []string{"/nope", "/a/b.html"} {
		page := server.Do(testapp.Request{Method: "GET", Path: path, Header: map[string]string{"Accept": "text/html,*/*;q=0.8"}})
		if page.Status != http.StatusNotFound || !strings.Contains(page.Body, "<h1>Page not found</h1>") || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s in a browser: got %d %.80s", path, page.Status, page.Body)
		}
		plain := server.Do(testapp.Request{Method: "GET", Path: path})
		if plain.Status != http.StatusNotFound || !strings.HasPrefix(plain.Body, "{") {
			t.Errorf("%s elsewhere: got %d %.80s", path, plain.Status, plain.Body)
		}
	}
	if icon := server.Do(testapp.Request{Method: "GET", Path: "/favicon.ico"}); icon.Status != http.StatusOK {
		t.Errorf("the icon: got %d", icon.Status)
	}
}
