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
// PocketBase itself prints and forgets.
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
	// A signal ends Execute while the command is still at it.
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

// recordCommands makes each command an event of the audit trail, before it does
// anything, and another if it fails. The server's own events tell of the server;
// what stands alone has no database to tell.
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

// recorded makes a command that runs on an open database an event.
func recorded(app core.App, command *cobra.Command, run func() error) error {
	// Whatever the program's file is called.
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

// keepErrors notes the error of a command and of those below it.
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
