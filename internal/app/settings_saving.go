package app

import (
	"cmp"
	"database/sql"
	"errors"
	"reflect"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
)

// change notes what the settings were that a request changes.
func (s *settings) change(e *core.SettingsUpdateRequestEvent) error {
	changed := e.NewSettings
	s.mutex.Lock()
	s.begun[changed] = e.OldSettings
	s.mutex.Unlock()
	defer func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		delete(s.begun, changed)
	}()
	return e.Next()
}

// save stores what was changed, and all else as it is stored by now. It stores a copy: what
// is saved may be the app's own settings.
func (s *settings) save(e *core.ModelEvent) error {
	changed, ok := e.Model.(*core.Settings)
	if !ok {
		return e.Next()
	}
	kept, err := copyOf(changed)
	if err != nil {
		return err
	}
	return audit.InTransaction(&e.App, func() error {
		before, stored, err := s.before(e.App, changed)
		if err != nil {
			return err
		}
		if before != nil {
			keepUnchanged(contentOf(before), contentOf(kept), contentOf(stored))
		}
		e.Model = kept
		if err := e.Next(); err != nil {
			return err
		}
		return s.note(e.App.TxInfo(), changed)
	})
}

// note keeps what a transaction was last given to save until it ends.
func (s *settings) note(transaction *core.TxAppInfo, given *core.Settings) error {
	given, err := copyOf(given)
	if err != nil {
		return err
	}
	s.mutex.Lock()
	_, isNoted := s.saved[transaction]
	s.saved[transaction] = given
	s.mutex.Unlock()
	if !isNoted {
		transaction.OnComplete(func(error) error {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			delete(s.saved, transaction)
			return nil
		})
	}
	return nil
}

// before returns the settings that were changed, and those that are stored by now, which
// nobody else writes until the transaction ends. There are none before the first load.
func (s *settings) before(app core.App, changed *core.Settings) (before, stored *core.Settings, err error) {
	s.mutex.Lock()
	before = cmp.Or(s.saved[app.TxInfo()], s.begun[changed], s.loaded)
	networks := s.stored
	s.mutex.Unlock()
	if before == nil {
		return nil, nil, nil
	}
	stored, err = readSettings(app, before)
	if errors.Is(err, sql.ErrNoRows) {
		if stored, err = copyOf(before); err == nil {
			stored.SuperuserIPs = networks
		}
	}
	return before, stored, err
}

// contentOf returns the groups of settings.
func contentOf(settings *core.Settings) reflect.Value {
	return reflect.ValueOf(settings).Elem().FieldByName("settings")
}

// keepUnchanged gives what is alike before and after a change the value that is stored.
func keepUnchanged(before, after, stored reflect.Value) {
	for i := range after.NumField() {
		switch field := after.Field(i); {
		case !after.Type().Field(i).IsExported():
		case field.Kind() == reflect.Struct:
			keepUnchanged(before.Field(i), field, stored.Field(i))
		case isAlike(before.Field(i), field):
			field.Set(stored.Field(i))
		}
	}
}

func isAlike(a, b reflect.Value) bool {
	isEmpty := a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 // whether nil or not
	return isEmpty || reflect.DeepEqual(a.Interface(), b.Interface())
}
