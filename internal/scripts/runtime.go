package scripts

import (
	"context"
	"time"

	"github.com/dop251/goja"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
)

// runtime is a JavaScript runtime of the plugin's pool, which runs one call at a time.
type runtime struct {
	vm    *goja.Runtime
	calls *calls
	// limit is the time of a transaction outside of a request.
	limit time.Duration
	app   hookApp
	// arguments are those of the call, and work is what it belongs to.
	arguments goja.Value
	work      *deadline.Work
	end       func()
}

// bind has the plugin tell the runtime of each call, through the global variables that
// it assigns.
func (r *runtime) bind(app core.App) {
	r.app, r.arguments, r.end = hookApp{app, r}, goja.Undefined(), func() {}
	r.define("$app", func() goja.Value { return r.vm.ToValue(r.app) }, r.setApp)
	r.define("__args", func() goja.Value { return r.arguments }, r.setArguments)
	if err := r.vm.Set("sleep", r.sleep); err != nil {
		panic(err) // a plain property can be set
	}
	r.bindWaits()
	r.bindThrown()
}

func (r *runtime) define(name string, get func() goja.Value, set func(goja.Value)) {
	getter := r.vm.ToValue(func(goja.FunctionCall) goja.Value { return get() })
	setter := r.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		set(call.Argument(0))
		return goja.Undefined()
	})
	if err := r.vm.GlobalObject().DefineAccessorProperty(name, getter, setter, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err) // a plain property can be redefined
	}
}

// setApp gives scripts an $app whose writes are recorded as a hook's. The plugin and
// its hooks assign the app of each request or transaction to it.
func (r *runtime) setApp(value goja.Value) {
	switch assigned := value.Export().(type) {
	case hookApp:
		r.app = assigned
	case core.App:
		r.app = hookApp{assigned, r}
	}
}

// setArguments begins a call with an event, or ends it.
func (r *runtime) setArguments(value goja.Value) {
	r.end()
	r.arguments, r.work, r.end = value, nil, func() {}
	events, _ := value.Export().([]any)
	if len(events) == 0 {
		return
	}
	if work := workOf(events[0]); work != nil {
		r.workFor(work)
	} else if holdsWriter(events[0]) {
		r.workAlone()
	}
}

func (r *runtime) workFor(work *deadline.Work) {
	end := r.calls.begin(r.vm, work)
	r.work, r.end = work, func() {
		end()
		r.work, r.end = nil, func() {}
	}
}

// workAlone limits what holds the database's writer outside of a request.
func (r *runtime) workAlone() {
	work := deadline.New(context.Background(), r.limit)
	r.workFor(work)
	end := r.end
	r.end = func() {
		end()
		work.Stop()
	}
}

// sleep stands in for the plugin's, which nothing can interrupt.
func (r *runtime) sleep(milliseconds int64) {
	duration := time.Duration(milliseconds) * time.Millisecond
	if r.work == nil {
		time.Sleep(duration)
		return
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.work.Done():
		r.calls.interrupt(r.vm, r.work, true)
	}
}
