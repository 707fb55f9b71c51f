package app_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/testing/testapp"
)

// settingsOf returns a copy of an app's settings.
func settingsOf(t *testing.T, app core.App) *core.Settings {
	t.Helper()
	settings := new(core.Settings)
	if err := settings.Merge(app.Settings()); err != nil {
		t.Error(err)
	}
	return settings
}

// rename stores another name of the application.
func rename(t *testing.T, app core.App, name string) {
	t.Helper()
	settings := settingsOf(t, app)
	settings.Meta.AppName = name
	settings.MarkAsNotNew()
	if err := app.Save(settings); err != nil {
		t.Error(err)
	}
}

// nameOf returns the name that an app has.
func nameOf(t *testing.T, app core.App) string {
	t.Helper()
	return settingsOf(t, app).Meta.AppName
}

func storedName(t *testing.T, app core.App) (name string) {
	t.Helper()
	if err := app.DB().NewQuery("SELECT json_extract([[value]], '$.meta.appName') FROM {{_params}} WHERE [[id]] = 'settings'").Row(&name); err != nil {
		t.Error(err)
	}
	return name
}

// TestSettingsThatAreSavedMeanwhile saves settings once more while an app reloads them, by the
// same app and by another process.
func TestSettingsThatAreSavedMeanwhile(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	for name, saving := range map[string]core.App{"its own": app, "another's": testapp.Beside(t, app)} {
		var saved atomic.Bool
		id := app.OnSettingsReload().Bind(&hook.Handler[*core.SettingsReloadEvent]{Priority: -2000, Func: func(e *core.SettingsReloadEvent) error {
			if saved.CompareAndSwap(false, true) {
				rename(t, saving, name)
			}
			return e.Next()
		}})
		rename(t, app, "before "+name)
		for deadline := time.Now().Add(10 * time.Second); nameOf(t, app) != name; {
			if time.Now().After(deadline) {
				t.Fatalf("got %q, stored is %q", nameOf(t, app), storedName(t, app))
			}
			time.Sleep(time.Millisecond)
		}
		app.OnSettingsReload().Unbind(id)
	}
}

// TestNetworksOfTheEnvironmentAreNotStored changes settings while the environment says from
// where superusers may sign in.
func TestNetworksOfTheEnvironmentAreNotStored(t *testing.T) {
	settings := testapp.Default()
	settings.SuperuserNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s := testapp.Serve(t, testapp.NewApp(t, settings))
	superuser := s.Superuser()
	other := testapp.Beside(t, s.App)
	for _, change := range []struct {
		body map[string]any
		want []string
	}{
		{map[string]any{"meta": map[string]any{"appName": "Clinic"}}, nil},
		{map[string]any{"superuserIPs": []string{"192.0.2.1"}}, []string{"192.0.2.1"}},
		{map[string]any{"meta": map[string]any{"appName": "Practice"}}, []string{"192.0.2.1"}},
		{map[string]any{"superuserIPs": []string{}}, nil},
	} {
		s.Must(http.StatusOK, superuser, "PATCH", "/api/settings", change.body)
		if err := other.ReloadSettings(); err != nil {
			t.Fatal(err)
		}
		if stored := settingsOf(t, other).SuperuserIPs; !slices.Equal(stored, change.want) {
			t.Errorf("after %v: %v are stored", change.body, stored)
		}
		if used := settingsOf(t, s.App).SuperuserIPs; !slices.Equal(used, []string{"127.0.0.0/8"}) {
			t.Errorf("after %v: %v are used", change.body, used)
		}
	}
}

// TestAChangeOfSettingsUndoesNoOther changes settings of which another process has just
// stored others, and reloads them half way or not.
func TestAChangeOfSettingsUndoesNoOther(t *testing.T) {
	s := testapp.New(t)
	superuser, other := s.Superuser(), testapp.Beside(t, s.App)
	var meanwhile func()
	s.App.OnSettingsUpdateRequest().Bind(&hook.Handler[*core.SettingsUpdateRequestEvent]{Priority: -1, Func: func(e *core.SettingsUpdateRequestEvent) error {
		meanwhile()
		return e.Next()
	}})
	store := func(network, password string) {
		settings := other.Settings()
		settings.SuperuserIPs, settings.SMTP.Password = []string{network}, password
		if err := other.Save(settings); err != nil {
			t.Error(err)
		}
	}
	for name, each := range map[string]func(){
		"stored.example": func() { store("127.0.0.0/8", "first") },
		"reloaded.example": func() {
			store("127.0.0.0/16", "second")
			if err := s.App.ReloadSettings(); err != nil {
				t.Error(err)
			}
		},
	} {
		meanwhile = each
		changes := map[string]any{"meta": map[string]any{"appName": name}, "smtp": map[string]any{"host": name}}
		if answer := s.Must(http.StatusOK, superuser, "PATCH", "/api/settings", changes); answer["superuserIPs"] == nil {
			t.Errorf("%s: got %v", name, answer)
		}
		want := settingsOf(t, other)
		if err := other.ReloadSettings(); err != nil {
			t.Fatal(err)
		}
		for _, got := range []*core.Settings{settingsOf(t, other), settingsOf(t, s.App)} {
			if !slices.Equal(got.SuperuserIPs, want.SuperuserIPs) || got.SMTP.Password != want.SMTP.Password || got.SMTP.Host != name || got.Meta.AppName != name {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	}
	meanwhile = func() { rename(t, other, "of the other") }
	s.Must(http.StatusOK, superuser, "PATCH", "/api/settings", map[string]any{"superuserIPs": []string{}})
	if got := settingsOf(t, s.App); len(got.SuperuserIPs) > 0 || got.Meta.AppName != "of the other" {
		t.Errorf("got %+v", got)
	}
}

// TestSettingsOfTwoProcessesAtOnce changes one group each by several requests at once, to two
// servers.
func TestSettingsOfTwoProcessesAtOnce(t *testing.T) {
	one := testapp.New(t)
	servers := []*testapp.Server{one, testapp.Serve(t, testapp.Beside(t, one.App))}
	superuser := one.Superuser()
	for round := 1; round <= 5; round++ {
		var changes sync.WaitGroup
		for i, change := range []map[string]any{
			{"meta": map[string]any{"appName": strconv.Itoa(round)}}, {"logs": map[string]any{"maxDays": round}},
			{"batch": map[string]any{"maxRequests": round}}, {"backups": map[string]any{"cronMaxKeep": round}},
			{"smtp": map[string]any{"password": strconv.Itoa(round)}}, {"superuserIPs": []string{"127.0.0.1", strconv.Itoa(round) + ".0.0.0/8"}},
		} {
			changes.Go(func() {
				if answer := servers[i%2].Call(superuser, "PATCH", "/api/settings", change); answer.Status != http.StatusOK {
					t.Errorf("%v: got %d %s", change, answer.Status, answer.Body)
				}
			})
		}
		changes.Wait()
		if err := one.App.ReloadSettings(); err != nil {
			t.Fatal(err)
		}
		got, name := settingsOf(t, one.App), strconv.Itoa(round)
		if got.Meta.AppName != name || got.Logs.MaxDays != round || got.Batch.MaxRequests != round || got.Backups.CronMaxKeep != round || got.SMTP.Password != name || !slices.Contains(got.SuperuserIPs, name+".0.0.0/8") {
			t.Errorf("after round %d: got %v", round, got)
		}
	}
}

// TestSecretsThatAreRemoved removes those of S3, of which nothing is stored then.
func TestSecretsThatAreRemoved(t *testing.T) {
	s := testapp.New(t)
	superuser, other := s.Superuser(), testapp.Beside(t, s.App)
	for _, secret := range []string{"hush", ""} {
		s3 := map[string]any{"bucket": "b", "region": "r", "endpoint": "http://localhost", "accessKey": "k", "secret": secret}
		s.Must(http.StatusOK, superuser, "PATCH", "/api/settings", map[string]any{"s3": s3, "backups": map[string]any{"s3": s3}})
		if err := other.ReloadSettings(); err != nil {
			t.Fatal(err)
		}
		rename(t, other, "another name "+secret)
		for _, app := range []core.App{s.App, other} {
			if err := app.ReloadSettings(); err != nil {
				t.Fatal(err)
			}
			if got := settingsOf(t, app); got.S3.Secret != secret || got.Backups.S3.Secret != secret {
				t.Errorf("got %q and %q, want %q", got.S3.Secret, got.Backups.S3.Secret, secret)
			}
		}
	}
}

// TestSettingsThatATransactionSavesTwice changes a setting and changes it back.
func TestSettingsThatATransactionSavesTwice(t *testing.T) {
	settings := testapp.Default()
	settings.SuperuserNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	app := testapp.NewApp(t, settings)
	testapp.Serve(t, app)
	before := nameOf(t, app)
	err := app.RunInTransaction(func(tx core.App) error {
		for _, name := range []string{"Maintenance", before} {
			rename(t, tx, name)
		}
		return nil
	})
	if stored := storedName(t, app); err != nil || stored != before || nameOf(t, app) != before {
		t.Errorf("got %v, %q", err, stored)
	}
	other := testapp.Beside(t, app)
	if networks := settingsOf(t, other).SuperuserIPs; len(networks) > 0 {
		t.Errorf("%v are stored", networks)
	}
}
