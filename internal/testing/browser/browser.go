// Package browser drives a real browser in tests: Chromium, started once per test
// binary. A test fails if a page reports something unexpected, such as an error in
// the console or a violation of the content security policy.
package browser

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"carebase/internal/testing/module"
)

// modules is the directory of npm packages, relative to the module's root.
const modules = "internal/testing/browser/node_modules"

// closeTimeout limits how long the browser may take to exit.
const closeTimeout = 10 * time.Second

// browser is the test binary's browser.
var browser struct {
	once      sync.Once
	ctx       context.Context
	cancel    context.CancelFunc
	directory string
	axe       string
	err       error
}

// Need skips the test if Chromium or axe-core is missing, where it fails in CI, and if
// nobody has asked for it: tests in a browser take minutes together.
func Need(t testing.TB) {
	t.Helper()
	missing := t.Skip
	if os.Getenv("CI") == "true" {
		missing = t.Fatal
	} else if flag.Lookup("test.run").Value.String() == "" {
		t.Skip("this test takes a browser: select it with -run, or run it with CI=true")
	}
	if executable() == "" {
		missing("this test needs Chromium: install it (Debian: chromium)")
	}
	if _, err := os.Stat(axePath()); err != nil {
		missing("this test needs axe-core: run npm ci in internal/testing/browser")
	}
}

// Close stops the browser if it runs. A package's TestMain passes it to
// testapp.Main.
func Close() error {
	if browser.ctx == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(browser.ctx, closeTimeout)
	defer cancel()
	err := chromedp.Cancel(ctx)
	browser.cancel()
	return errors.Join(err, os.RemoveAll(browser.directory))
}

func executable() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func axePath() string {
	return filepath.Join(module.Root(), modules, "axe-core", "axe.min.js")
}

// start starts the browser on first use.
func start(t testing.TB) context.Context {
	t.Helper()
	Need(t)
	browser.once.Do(launch)
	if browser.err != nil {
		t.Fatal(browser.err)
	}
	return browser.ctx
}

func launch() {
	axe, err := os.ReadFile(axePath())
	if err != nil {
		browser.err = err
		return
	}
	browser.axe = string(axe)
	if browser.directory, browser.err = os.MkdirTemp("", "carebase-browser-*"); browser.err != nil {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(executable()),
		chromedp.UserDataDir(browser.directory),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("lang", "en-US"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	browser.ctx, browser.cancel = ctx, func() { cancel(); stop() }
	browser.err = chromedp.Do(ctx)
}
