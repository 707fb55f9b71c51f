// Package scripts runs PocketBase's JavaScript hooks and migrations, if there are any.
package scripts

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dop251/goja"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/plugins/jsvm"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
	"carebase/internal/deadline"
)

// The directories of scripts, beside the data directory.
const (
	hooksDirectory      = "pb_hooks"
	migrationsDirectory = "pb_migrations"
)

// poolSize is the number of JavaScript runtimes that are kept for hooks.
const poolSize = 8

// HasMigrations reports whether there is a directory of JavaScript migrations.
func HasMigrations(app core.App) bool { return isDirectory(beside(app, migrationsDirectory)) }

// HasHooks reports whether there is a directory of JavaScript hooks.
func HasHooks(app core.App) bool { return isDirectory(beside(app, hooksDirectory)) }

// Limits bound what belongs to no request: loading the scripts, and the transactions of
// their jobs.
type Limits struct{ Load, Work time.Duration }

// DefaultLoad is the limit of loading scripts.
const DefaultLoad = 30 * time.Second

// Bind loads the scripts of the directories pb_hooks and pb_migrations beside the data
// directory. Without them it does nothing. What a script does through $app is recorded
// as done by a hook, and is interrupted when its request's time is over.
func Bind(app core.App, limits Limits) (err error) {
	hooks := beside(app, hooksDirectory)
	if !isDirectory(hooks) && !HasMigrations(app) {
		return nil
	}
	if err := readSources(hooks); err != nil {
		return err
	}
	defer func() {
		if problem := recover(); problem != nil { // how the plugin tells of scripts that do not load
			err = fmt.Errorf("%v", problem)
		}
	}()
	bindTransactions(app)
	binding := newBindingApp(app)
	running := &calls{running: map[*deadline.Work][]*goja.Runtime{}}
	added := bindRoutes(app)
	loading := newLoading(limits.Load)
	defer loading.end()
	return jsvm.Register(binding, jsvm.Config{
		HooksDir: hooks, MigrationsDir: beside(app, migrationsDirectory), HooksPoolSize: poolSize,
		OnInit: func(vm *goja.Runtime) {
			loading.watch(vm)
			if isSet(vm.Get("$app")) { // migrations get theirs
				(&runtime{vm: vm, calls: running, limit: limits.Work}).bind(binding)
				added.watch(vm)
			}
		},
	})
}

// aroundAll is a priority around everybody's hooks.
const aroundAll = -20_000

// bindTransactions writes records in one transaction with what scripts do meanwhile:
// what a script refuses after e.next() is undone, and what it changes belongs to the
// request.
func bindTransactions(app core.App) {
	around := &hook.Handler[*core.RecordEvent]{Priority: aroundAll, Func: func(e *core.RecordEvent) error { return audit.InTransaction(&e.App, e.Next) }}
	app.OnRecordCreate().Bind(around)
	app.OnRecordUpdate().Bind(around)
	app.OnRecordDelete().Bind(around)
}

func isSet(value goja.Value) bool { return value != nil && !goja.IsUndefined(value) }

func beside(app core.App, name string) string {
	return filepath.Join(filepath.Dir(filepath.Clean(app.DataDir())), name)
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
