package scripts

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/dop251/goja"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
)

// grace is how long a script may go on after one that it has called was interrupted:
// long enough to fail with the other's error, which has the line that matters.
const grace = time.Second

// calls interrupts the scripts of a request when its time is over.
type calls struct {
	mutex sync.Mutex
	// running are the runtimes that work for a request, the innermost last.
	running map[*deadline.Work][]*goja.Runtime
}

// begin has a runtime interrupted when the work ends, until the caller calls end.
func (c *calls) begin(vm *goja.Runtime, work *deadline.Work) (end func()) {
	c.mutex.Lock()
	c.running[work] = append(c.running[work], vm)
	c.mutex.Unlock()
	stop := context.AfterFunc(work, func() {
		if !c.interrupt(vm, work, false) {
			time.AfterFunc(grace, func() { c.interrupt(vm, work, true) })
		}
	})
	return func() {
		stop()
		c.mutex.Lock()
		defer c.mutex.Unlock()
		left := slices.DeleteFunc(c.running[work], func(other *goja.Runtime) bool { return other == vm })
		if c.running[work] = left; len(left) == 0 {
			delete(c.running, work)
		}
		vm.ClearInterrupt()
	}
}

// interrupt interrupts a runtime, if it still works for a request. It returns false for
// one that waits for another, unless those are interrupted, too.
func (c *calls) interrupt(vm *goja.Runtime, work *deadline.Work, waiting bool) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	running := c.running[work]
	i := slices.Index(running, vm)
	if i >= 0 && i < len(running)-1 && !waiting {
		return false
	}
	if i >= 0 {
		vm.Interrupt(work.Err())
	}
	return true
}

// workOf returns the work of the request that an event belongs to; nil if there is none.
func workOf(event any) *deadline.Work {
	if ctx, ok := fieldOf(event, "Context").(context.Context); ok {
		if work := deadline.Of(ctx); work != nil {
			return work
		}
	}
	if request, ok := fieldOf(event, "Request").(*http.Request); ok && request != nil {
		return deadline.Of(request.Context())
	}
	if app, ok := fieldOf(event, "App").(core.App); ok {
		return deadline.OfDatabase(app.ConcurrentDB())
	}
	return nil
}

// fieldOf returns a field of the struct that an event points to, or nil.
func fieldOf(event any, name string) any {
	pointer := reflect.ValueOf(event)
	if pointer.Kind() != reflect.Pointer || pointer.IsNil() || pointer.Elem().Kind() != reflect.Struct {
		return nil
	}
	field, found := pointer.Elem().Type().FieldByName(name)
	if !found {
		return nil
	}
	value, err := pointer.Elem().FieldByIndexErr(field.Index)
	if err != nil {
		return nil
	}
	return value.Interface()
}

// holdsWriter reports whether an event is a record's in a transaction.
func holdsWriter(event any) bool {
	switch e := event.(type) {
	case *core.RecordEvent:
		return e.App.IsTransactional()
	case *core.ModelEvent:
		return e.App.IsTransactional()
	}
	return false
}
