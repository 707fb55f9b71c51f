package app

import (
	"errors"
	"sync"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// watcherPriority is that of PocketBase's watcher, which learns from files of other
// processes that settings or collections have changed, and reloads them 50 ms later.
const watcherPriority = -998

// bindWatcher gives that watcher an app that reloads nothing once it is terminated:
// PocketBase's own has no database by then, and panics.
func bindWatcher(app core.App) {
	watched := new(watchedApp)
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{Id: "carebaseUnwatched", Priority: watcherPriority - 1, Func: func(e *core.BootstrapEvent) error {
		own := e.App
		err := e.Next()
		e.App = own
		return err
	}})
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{Id: "carebaseWatched", Priority: watcherPriority + 1, Func: func(e *core.BootstrapEvent) error {
		err := e.Next()
		watched.begin(e.App)
		e.App = watched
		return err
	}})
	app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
		watched.end()
		return e.Next()
	})
}

// watchedApp is the app of PocketBase's watcher. The watcher forgets the first of two
// changes that come shortly after each other, so each looks for both.
type watchedApp struct {
	core.App
	mutex sync.Mutex
	ended bool
}

func (a *watchedApp) begin(app core.App) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.App, a.ended = app, false
}

func (a *watchedApp) end() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.ended = true
}

// ReloadSettings implements core.App.
func (a *watchedApp) ReloadSettings() error { return a.reload() }

// ReloadCachedCollections implements core.App.
func (a *watchedApp) ReloadCachedCollections() error { return a.reload() }

func (a *watchedApp) reload() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.ended || !a.IsBootstrapped() {
		return nil
	}
	return errors.Join(a.App.ReloadSettings(), a.App.ReloadCachedCollections())
}
