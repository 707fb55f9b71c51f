package scripts

import (
	"slices"
	"sync"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// boundKey is the key of the bound hooks in the app's store.
const boundKey = "carebase.scripts.bound"

// bound are the collections whose deletions and updates scripts have hooks for.
type bound struct{ deletions, updates tags }

// tags are names and ids of collections.
type tags struct {
	mutex sync.Mutex
	// all is set by a hook without tags, which is for all collections.
	all   bool
	known []string
}

func (t *tags) add(tags []string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.all = t.all || len(tags) == 0
	t.known = append(t.known, tags...)
}

func (t *tags) have(collection *core.Collection) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.all || slices.Contains(t.known, collection.Name) || slices.Contains(t.known, collection.Id)
}

// HaveDeletionHooks reports whether a script has a hook for the deletion of a collection's
// records, other than of requests.
func HaveDeletionHooks(app core.App, collection *core.Collection) bool {
	bound, loaded := app.Store().Get(boundKey).(*bound)
	return loaded && bound.deletions.have(collection)
}

// HaveUpdateHooks reports the same of updates.
func HaveUpdateHooks(app core.App, collection *core.Collection) bool {
	bound, loaded := app.Store().Get(boundKey).(*bound)
	return loaded && bound.updates.have(collection)
}

// bindingApp is the app that scripts bind hooks to. It notes for which collections they do.
type bindingApp struct {
	core.App
	bound *bound
}

func newBindingApp(app core.App) bindingApp {
	noted := &bound{}
	app.Store().Set(boundKey, noted)
	return bindingApp{app, noted}
}

// OnRecordDelete implements core.App.
func (a bindingApp) OnRecordDelete(tags ...string) *hook.TaggedHook[*core.RecordEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnRecordDelete(tags...)
}

// OnRecordDeleteExecute implements core.App.
func (a bindingApp) OnRecordDeleteExecute(tags ...string) *hook.TaggedHook[*core.RecordEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnRecordDeleteExecute(tags...)
}

// OnRecordAfterDeleteSuccess implements core.App.
func (a bindingApp) OnRecordAfterDeleteSuccess(tags ...string) *hook.TaggedHook[*core.RecordEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnRecordAfterDeleteSuccess(tags...)
}

// OnRecordAfterDeleteError implements core.App.
func (a bindingApp) OnRecordAfterDeleteError(tags ...string) *hook.TaggedHook[*core.RecordErrorEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnRecordAfterDeleteError(tags...)
}

// OnModelDelete implements core.App.
func (a bindingApp) OnModelDelete(tags ...string) *hook.TaggedHook[*core.ModelEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnModelDelete(tags...)
}

// OnModelDeleteExecute implements core.App.
func (a bindingApp) OnModelDeleteExecute(tags ...string) *hook.TaggedHook[*core.ModelEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnModelDeleteExecute(tags...)
}

// OnModelAfterDeleteSuccess implements core.App.
func (a bindingApp) OnModelAfterDeleteSuccess(tags ...string) *hook.TaggedHook[*core.ModelEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnModelAfterDeleteSuccess(tags...)
}

// OnModelAfterDeleteError implements core.App.
func (a bindingApp) OnModelAfterDeleteError(tags ...string) *hook.TaggedHook[*core.ModelErrorEvent] {
	a.bound.deletions.add(tags)
	return a.App.OnModelAfterDeleteError(tags...)
}

// OnRecordUpdate implements core.App.
func (a bindingApp) OnRecordUpdate(tags ...string) *hook.TaggedHook[*core.RecordEvent] {
	a.bound.updates.add(tags)
	return a.App.OnRecordUpdate(tags...)
}

// OnRecordUpdateExecute implements core.App.
func (a bindingApp) OnRecordUpdateExecute(tags ...string) *hook.TaggedHook[*core.RecordEvent] {
	a.bound.updates.add(tags)
	return a.App.OnRecordUpdateExecute(tags...)
}

// OnModelUpdate implements core.App.
func (a bindingApp) OnModelUpdate(tags ...string) *hook.TaggedHook[*core.ModelEvent] {
	a.bound.updates.add(tags)
	return a.App.OnModelUpdate(tags...)
}

// OnModelUpdateExecute implements core.App.
func (a bindingApp) OnModelUpdateExecute(tags ...string) *hook.TaggedHook[*core.ModelEvent] {
	a.bound.updates.add(tags)
	return a.App.OnModelUpdateExecute(tags...)
}
