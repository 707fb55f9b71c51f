// Package doctor checks a deployment for an operator: what is wrong with it, and what
// to do about it. It asks the parts that know, and changes nothing itself.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Level says how bad a finding is.
type Level string

const (
	// OK is a check without a finding.
	OK Level = "ok"
	// Note is something that an operator should decide on.
	Note Level = "note"
	// Wrong is something to mend.
	Wrong Level = "WRONG"
)

// Finding is the result of one check: what it is about, what holds, and what to do
// if that is not good.
type Finding struct {
	Level                   Level
	Subject, Detail, Advice string
}

// String returns the finding as one line.
func (f Finding) String() string {
	line := fmt.Sprintf("%-5s  %-13s  %s", f.Level, f.Subject, f.Detail)
	if f.Advice != "" {
		line += ": " + f.Advice
	}
	return strings.ReplaceAll(line, "\n", "; ") // several errors are several lines
}

// checkTimeout limits a check.
const checkTimeout = 15 * time.Second

// check looks at one subject. A check may have several findings, and has at least
// one.
type check struct {
	subject string
	run     func(ctx context.Context, deployed *deployment) []Finding
	// essential is what the checks after it need.
	essential bool
}

// deployment is what is checked.
type deployment struct {
	app      core.App
	settings *config.Config
	// checkNames returns why the API cannot serve collections of these names.
	checkNames func([]string) error
}

// beforeOpening are the checks that need no database.
var beforeOpening = []check{
	{subject: "version", run: checkVersions},
	{subject: "configuration", run: checkConfiguration},
	{subject: "directory", run: checkDirectory},
	{subject: "server", run: checkServer},
}

// whenOpen are the checks of an open database.
var whenOpen = []check{
	{subject: "database", run: checkDatabase, essential: true},
	{subject: "migrations", run: checkMigrations, essential: true},
	{subject: "schema", run: checkSchema, essential: true},
	{subject: "superusers", run: checkSuperusers},
	{subject: "clock", run: checkClock},
	{subject: "mail", run: checkMail},
	{subject: "backups", run: checkBackups},
	{subject: "replica", run: checkReplica},
	{subject: "audit trail", run: checkTrail},
}

// Run checks a deployment and passes each finding on as soon as it is known. It opens
// the app and closes it again. checkNames returns why the API cannot serve collections
// of these names.
func Run(ctx context.Context, app core.App, settings *config.Config, checkNames func([]string) error, report func(Finding)) {
	subject := &deployment{app, settings, checkNames}
	runAll(ctx, beforeOpening, subject, report)
	if err := subject.open(ctx); err != nil {
		for _, finding := range subject.diagnose(ctx, err) {
			finding.Subject = "database"
			report(finding)
		}
		return
	}
	runAll(ctx, whenOpen, subject, report)
	err := app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() })
	if err != nil {
		report(Finding{Wrong, "database", "closing it failed (" + err.Error() + ")", "look at the server's log"})
	}
}

func runAll(ctx context.Context, checks []check, subject *deployment, report func(Finding)) {
	for _, each := range checks {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		failed := false
		for _, finding := range each.run(ctx, subject) {
			finding.Subject = each.subject
			failed = failed || finding.Level == Wrong
			report(finding)
		}
		cancel()
		if failed && each.essential {
			return
		}
	}
}

func ok(format string, values ...any) []Finding {
	return []Finding{{Level: OK, Detail: fmt.Sprintf(format, values...)}}
}

func note(detail, advice string) []Finding {
	return []Finding{{Level: Note, Detail: detail, Advice: advice}}
}

func wrong(detail, advice string) []Finding {
	return []Finding{{Level: Wrong, Detail: detail, Advice: advice}}
}
