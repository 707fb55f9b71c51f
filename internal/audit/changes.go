package audit

import (
	"reflect"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// transient are PocketBase's collections of short-lived technical records.
var transient = []string{core.CollectionNameMFAs, core.CollectionNameOTPs, core.CollectionNameAuthOrigins}

// isUnrecorded reports whether changes of a collection's records are not recorded.
func isUnrecorded(name string) bool {
	declared := collections.Get(name)
	return slices.Contains(transient, name) || declared != nil && declared.Unrecorded
}

// isTransient reports whether a change is not recorded. A session that a signed-in
// user ends is.
func isTransient(collection *core.Collection, action Action, caller *request) bool {
	if collection.Name == collections.Sessions && action == Delete && caller != nil && caller.Auth != nil {
		return false
	}
	return isUnrecorded(collection.Name)
}

// bindChanges records every change of a record or a collection in the transaction
// of the change, so that both or neither are stored.
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
	caller := t.requestOf(e.Context, e.App)
	if isTransient(collection, action, caller) || !t.ready(e.App) {
		return e.Next()
	}
	return InTransaction(&e.App, func() error {
		if current := t.transactionOf(e.App); current.request == nil {
			current.request = caller
		}
		event := Event{
			Action: action, Collection: collection.Name, Records: []string{e.Record.Id},
			Patients: patientsOf(e.Record), Fields: changedFields(e.Record, action), Detail: assignedDoctor(e.Record), byHook: isByHook(e.Context),
		}
		tokenKey := e.Record.Original().TokenKey()
		if err := e.Next(); err != nil {
			return err
		}
		// PocketBase replaces the key when the password changes.
		if action == Update && e.Record.TokenKey() != tokenKey {
			event.Detail = "all sessions ended"
		}
		return RecordIn(e.App, event)
	})
}

// InTransaction runs the remaining hooks of an event in a transaction, which
// replaces the event's app meanwhile.
func InTransaction(app *core.App, next func() error) error {
	outer := *app
	defer func() { *app = outer }()
	return outer.RunInTransaction(func(tx core.App) error {
		*app = tx
		return next()
	})
}

// patientsOf returns the ids of the patients that a record is about.
func patientsOf(record *core.Record) []string {
	if declared := collections.Get(record.Collection().Name); declared != nil && declared.Patient != "" {
		return record.GetStringSlice(declared.Patient)
	}
	// An operator's collection is tied to patients by a relation named patient.
	if field, ok := record.Collection().Fields.GetByName("patient").(*core.RelationField); ok {
		return record.GetStringSlice(field.Name)
	}
	return nil
}

// doctorDetail begins the details of changes of an assignment, which name the doctor: the
// assignment may be gone when somebody reads them.
const doctorDetail = "doctor "

func assignedDoctor(record *core.Record) string {
	if record.Collection().Name != collections.Mappings {
		return ""
	}
	return doctorDetail + record.GetString("doctor")
}

// changedFields returns the names of the fields whose values a change alters.
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

// changeCollection records changes of collections by requests, not by migrations.
func (t *Trail) changeCollection(e *core.CollectionEvent, action Action) error {
	caller := t.requestOf(e.Context, e.App)
	if caller == nil {
		return e.Next()
	}
	return InTransaction(&e.App, func() error {
		t.transactionOf(e.App).request = caller
		if err := e.Next(); err != nil {
			return err
		}
		return RecordIn(e.App, Event{Action: action, Collection: "_collections", Records: []string{e.Collection.Id}, Detail: e.Collection.Name})
	})
}

// ready reports whether the trail's tables exist. They do not while the first
// migrations run.
func (t *Trail) ready(app core.App) bool {
	if !t.exists.Load() && app.HasTable("audit_log") {
		t.exists.Store(true)
	}
	return t.exists.Load()
}
