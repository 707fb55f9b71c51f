package app

import (
	"context"
	"encoding/json"
	"fmt"
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
	// settingsTimeout bounds reading the stored settings: longer than PostgreSQL waits for a lock.
	settingsTimeout = 30 * time.Second
)

// settings loads the stored settings in PocketBase's place. PocketBase reads them before it
// has its turn: of two loads at once, the older could come last and stay. It also writes
// into what requests read meanwhile, whether anything has changed or not. It saves all of
// them where one changes, as it has loaded them: what another process has stored meanwhile
// would be undone.
type settings struct {
	mutex sync.Mutex
	// networks are those of superusers by the environment. They take the place of stored
	// ones, which stay stored.
	networks []string
	stored   []string
	// loaded is a copy of the settings as they were loaded last, begun what is being changed
	// is a copy of, and saved what transactions that go on were given to save.
	loaded *core.Settings
	begun  map[*core.Settings]*core.Settings
	saved  map[*core.TxAppInfo]*core.Settings
}

// bindSettings loads and saves the settings. While the app serves, it confines superusers'
// tokens to networks, if there are any: PocketBase looks at its settings wherever it accepts
// such a token.
func bindSettings(app core.App, networks []netip.Prefix) {
	s := &settings{begun: map[*core.Settings]*core.Settings{}, saved: map[*core.TxAppInfo]*core.Settings{}}
	app.OnSettingsReload().Bind(&hook.Handler[*core.SettingsReloadEvent]{
		Id: "carebaseSettings", Priority: math.MaxInt, // in the place of PocketBase's own
		Func: func(e *core.SettingsReloadEvent) error { return s.load(e.App) },
	})
	app.OnSettingsUpdateRequest().BindFunc(s.change)
	app.OnModelCreate(settingsTable).BindFunc(s.save)
	app.OnModelUpdate(settingsTable).BindFunc(s.save)
	if len(networks) > 0 {
		app.OnServe().BindFunc(func(e *core.ServeEvent) error {
			if err := s.confine(e.App, networks); err != nil {
				return err
			}
			return e.Next()
		})
	}
}

// confine has the networks take the place of those that are stored.
func (s *settings) confine(app core.App, networks []netip.Prefix) error {
	s.mutex.Lock()
	s.networks = make([]string, len(networks))
	for i, network := range networks {
		s.networks[i] = network.String()
	}
	s.mutex.Unlock()
	return app.ReloadSettings()
}

// load makes the stored settings the app's, unless they are.
func (s *settings) load(app core.App) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	present, err := copyOf(app.Settings())
	if err != nil {
		return err
	}
	// What is not stored stays as it is, such as the defaults of a newer PocketBase.
	next, err := readSettings(app, present)
	if err != nil {
		return err
	}
	if s.stored = next.SuperuserIPs; len(s.networks) > 0 {
		next.SuperuserIPs = slices.Clone(s.networks)
	}
	s.loaded = next
	if !reflect.DeepEqual(present, next) {
		if err := app.Settings().Merge(next); err != nil {
			return err
		}
		copySecrets(app.Settings(), next)
	}
	if app.Settings().IsNew() {
		app.Settings().MarkAsNotNew()
	}
	return nil
}

// readSettings reads the stored settings, on top of defaults.
func readSettings(app core.App, defaults *core.Settings) (*core.Settings, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settingsTimeout)
	defer cancel()
	var row struct {
		Value []byte `db:"value"`
	}
	// All columns: PostgreSQL locks the row then, if a transaction reads it.
	err := app.ConcurrentDB().Select("*").From(settingsTable).Where(dbx.HashExp{"id": "settings"}).WithContext(ctx).One(&row)
	if err != nil {
		return nil, err
	}
	read, err := copyOf(defaults)
	if err != nil {
		return nil, err
	}
	read.S3.Secret, read.Backups.S3.Secret = "", "" // which are not stored if they are empty
	return read, decodeSettings(app, row.Value, read)
}

// copySecrets copies those that are stored only if there are any: Merge leaves the old one
// where there is none.
func copySecrets(settings, other *core.Settings) {
	if settings.S3.Secret != other.S3.Secret {
		settings.S3.Secret = other.S3.Secret
	}
	if settings.Backups.S3.Secret != other.Backups.S3.Secret {
		settings.Backups.S3.Secret = other.Backups.S3.Secret
	}
}

// copyOf copies settings as Clone does, under their lock.
func copyOf(settings *core.Settings) (*core.Settings, error) {
	made := new(core.Settings)
	if settings.IsNew() {
		made.MarkAsNew()
	}
	return made, made.Merge(settings)
}

// decodeSettings reads stored settings, which are encrypted if they are not JSON.
func decodeSettings(app core.App, value []byte, settings *core.Settings) error {
	err := json.Unmarshal(value, settings)
	key := os.Getenv(app.EncryptionEnv())
	switch {
	case err == nil:
		return nil
	case key == "":
		return fmt.Errorf("the stored settings cannot be read: %w; if they are encrypted, --encryptionEnv has to name the variable with their key", err)
	}
	decrypted, err := security.Decrypt(string(value), key)
	if err != nil {
		return err
	}
	return json.Unmarshal(decrypted, settings)
}
