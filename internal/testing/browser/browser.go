// Package browser drives a real browser for tests: Debian's Chromium,
// started once per test binary, with pages that watch themselves. What a page
// reports that the test does not expect (an error in the console, a breach of
// the content security policy) fails the test.
package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"carebase/internal/testing/testapp"
)

// modules is where npm ci puts what browser tests need, below the module.
const modules = "internal/browser/node_modules"

// closeTimeout is how long the browser may take to end.
const closeTimeout = 10 * time.Second

// browser is the one of this test binary.
var browser struct {
	once      sync.Once
	ctx       context.Context
	cancel    context.CancelFunc
	directory string
	axe       string
	err       error
}

// Need skips the test where Chromium or axe-core is missing, or fails it where
// nothing may be.
func Need(t testing.TB) {
	t.Helper()
	missing := t.Skip
	if os.Getenv("CI") == "true" {
		missing = t.Fatal
	}
	if executable() == "" {
		missing("this test needs Chromium: install it (Debian: chromium)")
	}
	if _, err := os.Stat(axePath()); err != nil {
		missing("this test needs axe-core: run npm ci in internal/browser")
	}
}

// Close ends the browser, if there is one. A package's TestMain gives it to
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
	return filepath.Join(testapp.Root(), modules, "axe-core", "axe.min.js")
}

// start starts the browser unless it runs.
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
