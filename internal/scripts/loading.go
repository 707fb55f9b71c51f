package scripts

import (
	"fmt"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// loading interrupts the scripts that are loaded, once their time is over: neither the
// server nor a command would start.
type loading struct {
	mutex    sync.Mutex
	runtimes []*goja.Runtime
	timer    *time.Timer
	// over is set once the time is over: what begins only then is interrupted, too.
	over error
}

func newLoading(limit time.Duration) *loading {
	l := new(loading)
	l.timer = time.AfterFunc(limit, func() {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.over = fmt.Errorf("not loaded within %v", limit)
		for _, vm := range l.runtimes {
			vm.Interrupt(l.over)
		}
	})
	return l
}

func (l *loading) watch(vm *goja.Runtime) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.runtimes = append(l.runtimes, vm)
	if l.over != nil {
		vm.Interrupt(l.over)
	}
}

func (l *loading) end() {
	l.timer.Stop()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, vm := range l.runtimes {
		vm.ClearInterrupt()
	}
	l.runtimes = nil
}
