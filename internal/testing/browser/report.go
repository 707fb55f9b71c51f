package browser

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
)

// report collects a page's errors and warnings.
type report struct {
	mutex   sync.Mutex
	lines   []string
	allowed []string
}

// usual matches lines that any page may report: a realtime connection can end
// while a subscription request is in flight. PocketBase then answers 404 and the
// page reconnects.
var usual = regexp.MustCompile(`status of 404 \(Not Found\) http://[^/]+/api/realtime$`)

// Allow tolerates lines that contain one of the texts, such as "status of 400 (Bad
// Request) http://": browsers log every response with an error status.
func (p *Page) Allow(texts ...string) {
	p.report.mutex.Lock()
	defer p.report.mutex.Unlock()
	p.report.allowed = append(p.report.allowed, texts...)
}

// Reported returns all lines so far, tolerated or not.
func (p *Page) Reported() []string {
	p.report.mutex.Lock()
	defer p.report.mutex.Unlock()
	return slices.Clone(p.report.lines)
}

func (r *report) add(format string, values ...any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, values...))
}

func (r *report) unexpected() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(r.lines), func(line string) bool {
		return usual.MatchString(line) || slices.ContainsFunc(r.allowed, func(text string) bool { return strings.Contains(line, text) })
	})
}

func (r *report) listen(event any) {
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if event.Type != runtime.ConsoleAPICalledTypeError && event.Type != runtime.ConsoleAPICalledTypeWarning {
			return
		}
		var words []string
		for _, argument := range event.Args {
			words = append(words, string(argument.Value), argument.Description)
		}
		r.add("console.%s: %s", event.Type, strings.Join(words, " "))
	case *runtime.EventExceptionThrown:
		details := event.ExceptionDetails
		text := details.Text
		if details.Exception != nil {
			text += " " + details.Exception.Description
		}
		r.add("exception: %s %s:%d", text, details.URL, details.LineNumber)
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError || event.Entry.Level == log.EntryLevelWarning {
			r.add("%s: %s %s", event.Entry.Source, event.Entry.Text, event.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if details := event.Issue.Details.ContentSecurityPolicyIssueDetails; details != nil {
			r.add("content security policy: %s %s", details.ViolatedDirective, details.BlockedURL)
		}
	}
}
