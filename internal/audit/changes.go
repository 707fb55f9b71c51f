package audit

import (
	"reflect"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// transient are PocketBase's collections whose records come and go with requests
// and say nothing about health.
var transient = []string{core.CollectionNameMFAs, core.CollectionNameOTPs, core.CollectionNameAuthOrigins}

// isUnrecorded reports whether changes of a collection's records are no events.
func isUnrecorded(name string) bool {
	declared := collections.Get(name)
	return slices.Contains(transient, name) || declared != nil && declared.Unrecorded
}

// isTransient reports whether a change says nothing worth an event. That somebody
// who is signed in ends a session does.
func isTransient(collection *core.Collection, action Action, request *request) bool {
	if collection.Name == collections.Sessions && action == Delete && request != nil && request.Auth != nil {
		return false
	}
	return isUnrecorded(collection.Name)
}

// bindChanges records every change of a record and of a collection in the
// transaction of the change: both or neither.
func (t *Trail) bindChanges() {
	for action, bind := range map[Action]func(func(*core.RecordEvent) error) string{
		Create: t.app.OnRecordCreateExecute().BindFunc,
		Update: t.app.OnRecordUpdateExecute().BindFunc,
		Delete: t.app.OnRecordDeleteExecute().BindFunc,
	} {
		bind(func(e *core.RecordEvent) error { return t.changeRecord(e, action) })
	}
	for action, bind := range map[Action]func(func(*core.CollectionEvent) error) string{
		Create: t.app.OnCollectionCreateExecute().BindFunc,
		Update: t.app.OnCollectionUpdateExecute().BindFunc,
		Delete: t.app.OnCollectionDeleteExecute().BindFunc,
	} {
		bind(func(e *core.CollectionEvent) error { return t.changeCollection(e, action) })
	}
}

func (t *Trail) changeRecord(e *core.RecordEvent, action Action) error {
	collection := e.Record.Collection()
	request := t.requestOf(e.Context, e.App)
	if isTransient(collection, action, request) || !t.ready(e.App) {
		return e.Next()
	}
	return InTransaction(&e.App, func() error {
		if transaction := t.transactionOf(e.App); transaction.request == nil {
			transaction.request = request
		}
		event := Event{
			Action: action, Collection: collection.Name, Records: []string{e.Record.Id},
			Patients: patientsOf(e.Record), Fields: changedFields(e.Record, action),
		}
		tokenKey := e.Record.Original().TokenKey()
		if err := e.Next(); err != nil {
			return err
		}
		// PocketBase makes a new key for a new password on the way.
		if action == Update && e.Record.TokenKey() != tokenKey {
			event.Detail = "all sessions ended"
		}
		return RecordIn(e.App, event)
	})
}

// InTransaction runs the rest of an event's hooks in a transaction, which is the
// event's app meanwhile.
func InTransaction(app *core.App, next func() error) error {
	outer := *app
	defer func() { *app = outer }()
	return outer.RunInTransaction(func(tx core.App) error {
		*app = tx
		return next()
	})
}

// patientsOf is whose health a record is about.
func patientsOf(record *core.Record) []string {
	if declared := collections.Get(record.Collection().Name); declared != nil && declared.Patient != "" {
		return record.GetStringSlice(declared.Patient)
	}
	// A collection that an operator has made is about the patients it points to.
	if field, ok := record.Collection().Fields.GetByName("patient").(*core.RelationField); ok {
		return record.GetStringSlice(field.Name)
	}
	return nil
}

// changedFields are the names of the fields that a change sets to something else.
func changedFields(record *core.Record, action Action) []string {
	if action == Delete {
		return nil
	}
	var names []string
	before := record.Original()
	for _, field := range record.Collection().Fields {
		name := field.GetName()
		if name == core.FieldNameId || field.Type() == core.FieldTypeAutodate {
			continue
		}
		if !reflect.DeepEqual(record.GetRaw(name), before.GetRaw(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// changeCollection records what superusers change about collections. Migrations
// are not theirs.
func (t *Trail) changeCollection(e *core.CollectionEvent, action Action) error {
	request := t.requestOf(e.Context, e.App)
	if request == nil {
		return e.Next()
	}
	return InTransaction(&e.App, func() error {
		t.transactionOf(e.App).request = request
		if err := e.Next(); err != nil {
			return err
		}
		return RecordIn(e.App, Event{Action: action, Collection: "_collections", Records: []string{e.Collection.Id}, Detail: e.Collection.Name})
	})
}

// ready reports whether there is a trail to write to: while the first migrations
// run there is none.
func (t *Trail) ready(app core.App) bool {
	if !t.exists.Load() && app.HasTable("audit_log") {
		t.exists.Store(true)
	}
	return t.exists.Load()
}
