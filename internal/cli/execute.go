package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"carebase/internal/audit"
)

// Execute runs the command that the arguments name and returns its error, which
// PocketBase's own Execute drops.
func Execute(app *pocketbase.PocketBase) error {
	root := app.RootCmd
	root.SilenceErrors, root.SilenceUsage = true, true
	command, arguments, err := root.Find(os.Args[1:])
	if err != nil {
		return err
	}
	if !command.Runnable() && len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-") {
		return fmt.Errorf("unknown command %q for %q", arguments[0], command.CommandPath())
	}
	// Atomic, because a signal ends app.Execute while the command still runs.
	var failure atomic.Pointer[error]
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		failure.Store(&err)
		return err
	})
	recordCommands(app, root)
	keepErrors(root, &failure)
	if command.Annotations[standsAlone] != "" {
		return root.Execute()
	}
	if err := app.Execute(); err != nil {
		return err
	}
	if err := failure.Load(); err != nil {
		return *err
	}
	return nil
}

// recordCommands records each command in the audit trail before it runs, and again if
// it fails. "serve" has events of its own; commands that stand alone have no database
// to record in.
func recordCommands(app core.App, command *cobra.Command) {
	if run := command.RunE; run != nil && command.Name() != "serve" && command.Annotations[standsAlone] == "" {
		command.RunE = func(command *cobra.Command, arguments []string) error {
			return recorded(app, command, func() error { return run(command, arguments) })
		}
	}
	for _, child := range command.Commands() {
		recordCommands(app, child)
	}
}

// recorded runs a command on an open database, and records it.
func recorded(app core.App, command *cobra.Command, run func() error) error {
	// "carebase", whatever the executable is called.
	event := audit.Event{Action: audit.Execute, Detail: "carebase" + strings.TrimPrefix(command.CommandPath(), command.Root().Name())}
	if err := audit.RecordIn(app, event); err != nil {
		return err
	}
	failure := run()
	if failure != nil {
		event.Outcome = audit.Failed
		return errors.Join(failure, audit.RecordIn(app, event))
	}
	return nil
}

// keepErrors stores the errors of a command and of its subcommands.
func keepErrors(command *cobra.Command, failure *atomic.Pointer[error]) {
	for _, step := range []*func(*cobra.Command, []string) error{&command.PreRunE, &command.RunE} {
		if run := *step; run != nil {
			*step = func(command *cobra.Command, arguments []string) error {
				err := run(command, arguments)
				if err != nil {
					failure.Store(&err)
				}
				return err
			}
		}
	}
	for _, child := range command.Commands() {
		keepErrors(child, failure)
	}
}
