package commands

import (
	"os"
	"sync/atomic"

	"github.com/pocketbase/pocketbase"
	"github.com/spf13/cobra"
)

// Execute runs the command that the arguments name and returns its error, which
// PocketBase itself prints and forgets.
func Execute(app *pocketbase.PocketBase) error {
	root := app.RootCmd
	root.SilenceErrors, root.SilenceUsage = true, true
	command, _, err := root.Find(os.Args[1:])
	if err != nil {
		return err
	}
	// A signal ends Execute while the command is still at it.
	var failure atomic.Pointer[error]
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		failure.Store(&err)
		return err
	})
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

// keepErrors notes the error of a command and of those below it.
func keepErrors(command *cobra.Command, failure *atomic.Pointer[error]) {
	if run := command.RunE; run != nil {
		command.RunE = func(command *cobra.Command, arguments []string) error {
			err := run(command, arguments)
			if err != nil {
				failure.Store(&err)
			}
			return err
		}
	}
	for _, child := range command.Commands() {
		keepErrors(child, failure)
	}
}
