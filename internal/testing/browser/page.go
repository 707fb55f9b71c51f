package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const (
	// timeout limits every action on a page, with room for a slow, busy machine.
	timeout = time.Minute
	// pollInterval is the interval between evaluations of an awaited condition.
	pollInterval = 25 * time.Millisecond
)

// Page is a browser tab. Its methods fail the test on errors.
type Page struct {
	testing.TB
	ctx    context.Context
	report *report
}

// Open opens a page in a new, empty browser profile and closes both when the test
// ends.
func Open(t testing.TB, url string) *Page {
	t.Helper()
	return open(t, url, start(t), chromedp.WithNewBrowserContext())
}

// Tab opens another tab of the same profile.
func (p *Page) Tab(url string) *Page {
	p.Helper()
	return open(p.TB, url, p.ctx)
}

func open(t testing.TB, url string, parent context.Context, options ...chromedp.ContextOption) *Page {
	t.Helper()
	page := &Page{TB: t, report: &report{}}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(page.report.listen))...)
	page.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			page.keepEvidence()
		}
		cancel()
		for _, line := range page.report.unexpected() {
			t.Error("the page reported: ", line)
		}
	})
	// No timeout here: the tab lives as long as the context of its first run.
	if _, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	page.Resize(1280, 800)
	page.Go(url)
	return page
}

// Do runs chromedp actions within the timeout.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// Go navigates to an address.
func (p *Page) Go(url string) {
	p.Helper()
	p.Do(chromedp.Navigate(url))
}

// Reload reloads the page.
func (p *Page) Reload() {
	p.Helper()
	p.Do(chromedp.Reload())
}

// Resize sets the size of the viewport in CSS pixels.
func (p *Page) Resize(width, height int64) {
	p.Helper()
	p.Do(chromedp.EmulateViewport(width, height))
}

// Prefer sets a media feature, such as "prefers-color-scheme" to "dark".
func (p *Page) Prefer(feature, value string) {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	})
}

// Print shows the page as it is printed.
func (p *Page) Print() {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
}

// networkConditions say offline for all requests, as Chromium until 148 reads it, and
// for each rule, as later versions do.
type networkConditions struct {
	Offline bool                  `json:"offline"`
	Rules   []*network.Conditions `json:"matchedNetworkConditions"`
}

var emulateNetworkConditions = cdp.Command[networkConditions, cdp.Empty]{Method: network.CommandEmulateNetworkConditionsByRule}

// Offline disconnects the page from the network, or reconnects it.
func (p *Page) Offline(offline bool) {
	p.Helper()
	call(p, emulateNetworkConditions, networkConditions{offline, []*network.Conditions{{Offline: offline, DownloadThroughput: -1, UploadThroughput: -1}}})
	call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline: offline, DownloadThroughput: -1, UploadThroughput: -1,
	})
}

// Scripts enables or disables JavaScript.
func (p *Page) Scripts(enabled bool) {
	p.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !enabled})
}

func call[P, R any](p *Page, command cdp.Command[P, R], params P) R {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.Fatal(err)
	}
	return result
}

// Evaluate evaluates a JavaScript expression, awaits its promise and decodes the
// result into target unless that is nil.
func (p *Page) Evaluate(expression string, target any) {
	p.Helper()
	raw, err := p.evaluate(expression)
	if err != nil {
		p.Fatal(err)
	}
	if target == nil {
		return
	}
	if err := json.Unmarshal(raw, target); err != nil {
		p.Fatalf("%s: %v", raw, err)
	}
}

func (p *Page) evaluate(expression string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
}

// Until waits until a JavaScript expression is true, even across navigations.
func (p *Page) Until(expression string) {
	p.Helper()
	deadline := time.Now().Add(timeout)
	for {
		raw, err := p.evaluate("Boolean(" + expression + ")")
		if err == nil && string(raw) == "true" {
			return
		}
		if time.Now().After(deadline) {
			p.Fatalf("it never came true: %s (%v)\nThe page says:\n%s", expression, err, p.text())
		}
		time.Sleep(pollInterval)
	}
}

// Stays checks that an expression is true and remains so for half a second.
func (p *Page) Stays(expression string) {
	p.Helper()
	var held bool
	p.Evaluate(fmt.Sprintf(`(async () => {
		for (let i = 0; i < 20; i++) {
			if (!(%s)) return false;
			await new Promise((resolve) => setTimeout(resolve, 25));
		}
		return true;
	})()`, expression), &held)
	if !held {
		p.Fatalf("it did not stay true: %s\nThe page says:\n%s", expression, p.text())
	}
}

func (p *Page) text() string {
	raw, err := p.evaluate("document.body.innerText")
	if err != nil {
		return err.Error()
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return string(raw)
	}
	return text
}
