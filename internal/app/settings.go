package app

import (
	"context"
	"encoding/json"
	"math"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/security"
)

const (
	settingsTable = "_params"
	// settingsTimeout bounds reading the stored settings.
	settingsTimeout = 10 * time.Second
)

// settingsLoader loads the stored settings in PocketBase's place. PocketBase reads them
// before it has its turn: of two loads at once, the older could come last and stay. It also
// writes into what requests read meanwhile, whether anything has changed or not.
type settingsLoader struct {
	mutex sync.Mutex
	// networks are those of superusers by the environment. They take the place of stored
	// ones, which stay stored.
	networks []string
	stored   []string
}

// bindSettings loads the stored settings, and confines superusers' tokens to networks, if
// there are any: PocketBase looks at its settings wherever it accepts such a token.
func bindSettings(app core.App, networks []netip.Prefix) {
	loader := new(settingsLoader)
	for _, network := range networks {
		loader.networks = append(loader.networks, network.String())
	}
	app.OnSettingsReload().Bind(&hook.Handler[*core.SettingsReloadEvent]{
		Id: "carebaseSettings", Priority: math.MaxInt, // in the place of PocketBase's own
		Func: func(e *core.SettingsReloadEvent) error { return loader.load(e.App) },
	})
	if len(networks) > 0 {
		app.OnModelCreate(settingsTable).BindFunc(loader.keepStored)
		app.OnModelUpdate(settingsTable).BindFunc(loader.keepStored)
	}
}

// load makes the stored settings the app's, unless they are.
func (l *settingsLoader) load(app core.App) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), settingsTimeout)
	defer cancel()
	var value []byte
	err := app.ConcurrentDB().Select("value").From(settingsTable).Where(dbx.HashExp{"id": "settings"}).WithContext(ctx).Row(&value)
	if err != nil {
		return err
	}
	present, next := new(core.Settings), new(core.Settings)
	for _, each := range []*core.Settings{present, next} {
		if err := each.Merge(app.Settings()); err != nil {
			return err
		}
	}
	// What is not stored stays as it is, such as the defaults of a newer PocketBase.
	if err := decodeSettings(app, value, next); err != nil {
		return err
	}
	if l.stored = next.SuperuserIPs; len(l.networks) > 0 {
		next.SuperuserIPs = slices.Clone(l.networks)
	}
	if !reflect.DeepEqual(present, next) {
		if err := app.Settings().Merge(next); err != nil {
			return err
		}
	}
	if app.Settings().IsNew() {
		app.Settings().MarkAsNotNew()
	}
	return nil
}

// decodeSettings reads stored settings, which are encrypted if they are not JSON.
func decodeSettings(app core.App, value []byte, settings *core.Settings) error {
	err := json.Unmarshal(value, settings)
	key := os.Getenv(app.EncryptionEnv())
	if err == nil || key == "" {
		return err
	}
	decrypted, err := security.Decrypt(string(value), key)
	if err != nil {
		return err
	}
	return json.Unmarshal(decrypted, settings)
}

// keepStored stores the networks that were stored before in the place of the environment's,
// which would outlive it. It stores a copy: what is saved may be the app's own settings.
func (l *settingsLoader) keepStored(e *core.ModelEvent) error {
	settings, ok := e.Model.(*core.Settings)
	if !ok {
		return e.Next()
	}
	kept := new(core.Settings)
	if err := kept.Merge(settings); err != nil {
		return err
	}
	if !slices.Equal(kept.SuperuserIPs, l.networks) {
		return e.Next()
	}
	l.mutex.Lock()
	kept.SuperuserIPs = slices.Clone(l.stored)
	l.mutex.Unlock()
	if settings.IsNew() {
		kept.MarkAsNew()
	}
	e.Model = kept
	return e.Next()
}
