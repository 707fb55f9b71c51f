package cli

import (
	"errors"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/spf13/cobra"

	"carebase/internal/audit"
	"carebase/internal/datadir"
)

// endTimeout is how long an interrupted command may take to return its error.
const endTimeout = time.Second

// Execute runs the command that the arguments name and returns its error, which
// PocketBase's own Execute drops. Arguments are checked before anything is opened or
// created; files are created for this user only.
func Execute(app *pocketbase.PocketBase) error {
	datadir.RestrictUmask()
	root := app.RootCmd
	root.SilenceErrors, root.SilenceUsage = true, true
	root.FParseErrWhitelist.UnknownFlags = false
	prepare(app, root)
	command, _, err := root.Find(os.Args[1:])
	if err != nil {
		return err
	}
	if command.Annotations[standsAlone] != "" {
		return root.Execute()
	}
	return executeOpening(app)
}

// opensItself is the annotation of commands that open the app when they know that they
// can do their work.
const opensItself = "opens itself"

// prepare makes a command, and those below it, check their arguments and open the app
// before they run, unless they stand alone.
func prepare(app core.App, command *cobra.Command) {
	checkArguments(command)
	if run := command.RunE; command.Annotations[standsAlone] == "" && command.Annotations[opensItself] == "" {
		command.RunE = func(command *cobra.Command, arguments []string) error {
			if err := app.Bootstrap(); err != nil {
				return err
			}
			return recorded(app, command, func() error { return run(command, arguments) })
		}
	}
	for _, child := range command.Commands() {
		prepare(app, child)
	}
}

// executeOpening runs a command that opens the app, until it ends or a signal ends it,
// and closes the app.
func executeOpening(app *pocketbase.PocketBase) error {
	signals, ended := make(chan os.Signal, 1), make(chan error, 1)
	app.OnBootstrap().BindFunc(func(e *core.BootstrapEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		return nil
	})
	var restart sync.Mutex // held while the app restarts, which replaces this process
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{
		Priority: -100_000, // around all others
		Func: func(e *core.TerminateEvent) error {
			if e.IsRestart {
				restart.Lock()
				defer restart.Unlock()
			}
			return e.Next()
		},
	})
	go func() { ended <- app.RootCmd.Execute() }()
	select {
	case err := <-ended:
		restart.Lock() // a server ends before its restart does
		if !app.IsBootstrapped() {
			return err
		}
		return errors.Join(err, terminate(app))
	case <-signals:
	}
	err := terminate(app)
	select {
	case failure := <-ended:
		return errors.Join(failure, err)
	case <-time.After(endTimeout):
		return errors.Join(errors.New("interrupted"), err)
	}
}

func terminate(app core.App) error {
	return app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error {
		return e.App.ResetBootstrapState()
	})
}

// recorded runs a command on an open database. It records the command in the audit
// trail before it runs, and again if it fails.
func recorded(app core.App, command *cobra.Command, run func() error) error {
	event := audit.Event{Action: audit.Execute, Detail: nameOf(command)}
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

// nameOf returns the full name of a command, such as "carebase audit export",
// whatever the executable is called.
func nameOf(command *cobra.Command) string {
	return "carebase" + strings.TrimPrefix(command.CommandPath(), command.Root().Name())
}
