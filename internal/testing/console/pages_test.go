package console

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/browser"
	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

// TestTypes checks the types in the comments of the pages' scripts.
func TestTypes(t *testing.T) {
	directory := filepath.Join(module.Root(), "internal", "testing", "browser")
	compiler := filepath.Join(directory, "node_modules", ".bin", "tsc")
	_, missing := os.Stat(compiler)
	node, err := exec.LookPath("node")
	if errors.Join(missing, err) != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("TypeScript is not installed")
		}
		t.Skip("this test needs TypeScript: install Node, and run npm ci in internal/testing/browser")
	}
	if output, err := exec.CommandContext(t.Context(), node, compiler, "--project", directory).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// A duplicated tab has a copy of the session, but only one tab may use the refresh
// token.
func TestTabsWithOneSessionTakeTurns(t *testing.T) {
	server := serve(t, rotating)
	user := server.SignUp("alice")
	first := browser.Open(t, server.URL)
	first.Evaluate(`import("/session.js").then((session) => session.signIn("`+user.Email+`", "`+testapp.Password+`"))`, nil)
	second := first.Tab(server.URL)
	var stored string
	first.Evaluate(`sessionStorage.getItem("carebase.session")`, &stored)
	second.Evaluate(`sessionStorage.setItem("carebase.session", `+strconv.Quote(stored)+`)`, nil)
	renew := `import("/session.js").then(({ current, renew }) => renew(current().access))`
	var one, two string
	for range 3 {
		done := make(chan struct{})
		go func() { first.Evaluate(renew, &one); close(done) }()
		second.Evaluate(renew, &two)
		<-done
	}
	for _, token := range []string{one, two} {
		server.Must(http.StatusOK, token, "GET", "/api/auth/sessions/", nil)
	}
	second.Evaluate(`import("/session.js").then((session) => session.signOut())`, nil)
	first.Until(`sessionStorage.getItem("carebase.session") === null`)
}

func TestReportsWhatAPageShouldNotDo(t *testing.T) {
	server := serve(t)
	page := browser.Open(t, server.URL)
	page.Allow("a complaint", "Content Security Policy", "content security policy")
	page.Evaluate(`console.error("a complaint")`, nil)
	page.Evaluate(`(() => { const script = document.createElement("script"); script.textContent = "window.ran = true"; document.body.append(script); })()`, nil)
	page.Until(`!window.ran`)
	reported := page.Reported()
	for _, text := range []string{"a complaint", "script-src-elem"} {
		if !contains(reported, text) {
			t.Errorf("%q is missing in %q", text, reported)
		}
	}
}

func rotating(settings *config.Config) {
	settings.RotateRefreshTokens, settings.BlacklistAfterRotation = true, true
}

func contains(lines []string, text string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) })
}
