package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestOtherProcessesChangesAreReloaded changes what another process would, which tells of
// it by files, and closes the app before it has reloaded a last change.
func TestOtherProcessesChangesAreReloaded(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	tell := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(app.DataDir(), core.LocalNotifyDirName, name+"@another"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	reloads := make(chan string, 10)
	app.OnSettingsReload().BindFunc(func(e *core.SettingsReloadEvent) error {
		err := e.Next()
		reloads <- e.App.Settings().Meta.AppName
		return err
	})
	if _, err := app.NonconcurrentDB().NewQuery(`UPDATE {{_params}} SET [[value]] = replace([[value]], 'Carebase', 'Clinic') WHERE [[id]] = 'settings'`).Execute(); err != nil {
		t.Fatal(err)
	}
	tell("settings", "collections")
	select {
	case name := <-reloads:
		if name != "Clinic" {
			t.Errorf("got %q", name)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the settings were not reloaded: the change of a collection came too soon after them")
	}
	tell("collections")
	err := app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error { return e.App.ResetBootstrapState() })
	if err != nil {
		t.Fatal(err)
	}
	select { // the watcher's timer would have panicked
	case <-reloads:
		t.Error("a closed app reloads its settings")
	case <-time.After(200 * time.Millisecond):
	}
}
