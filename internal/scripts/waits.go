package scripts

import (
	"context"
	"maps"
	"math"
	"os/exec"
	"time"

	"github.com/dop251/goja"
	"github.com/pocketbase/pocketbase/tools/mailer"
	"github.com/spf13/cast"
)

// defaultWait is how many seconds the plugin waits for another server, unless the script
// says.
const defaultWait = 120

// afterEnd is how much longer than the request's time a wait may be, so that the interrupt
// comes first.
const afterEnd = 50 * time.Millisecond

// outputDelay is how long the output of a command that was killed is waited for: its
// children may keep it open.
const outputDelay = time.Second

// bindWaits ends what a script waits for outside of the program when its request's time
// is over: an interrupt reaches the script only when that returns, and a transaction
// would block all writers meanwhile.
func (r *runtime) bindWaits() {
	r.wrap("$http", "send", func(arguments []goja.Value) {
		config, ok := arguments[0].Export().(map[string]any)
		if !ok {
			return // which the plugin refuses
		}
		config = maps.Clone(config)
		config["timeout"] = r.seconds(cast.ToInt(config["timeout"]))
		arguments[0] = r.vm.ToValue(config)
	})
	r.wrap("$filesystem", "fileFromURL", func(arguments []goja.Value) {
		arguments[1] = r.vm.ToValue(r.seconds(int(arguments[1].ToInteger())))
	})
	for _, name := range []string{"cmd", "exec"} {
		if err := r.vm.GlobalObject().Get("$os").ToObject(r.vm).Set(name, r.command); err != nil {
			panic(err) // a plain property can be set
		}
	}
}

// maxArguments are those of the functions that are wrapped.
const maxArguments = 2

// wrap changes the arguments of a function of the plugin's.
func (r *runtime) wrap(object, name string, change func(arguments []goja.Value)) {
	holder := r.vm.GlobalObject().Get(object).ToObject(r.vm)
	own, _ := goja.AssertFunction(holder.Get(name))
	wrapper := func(call goja.FunctionCall) goja.Value {
		arguments := make([]goja.Value, maxArguments)
		for i := range arguments {
			arguments[i] = call.Argument(i)
		}
		change(arguments)
		var value goja.Value
		var err error
		r.work.Elsewhere(func() { value, err = own(call.This, arguments...) })
		if err != nil {
			panic(err) // which goja throws to the script
		}
		return value
	}
	if err := holder.Set(name, wrapper); err != nil {
		panic(err) // a plain property can be set
	}
}

// seconds returns how long to wait for another server: until the second in which the
// request's time is over.
func (r *runtime) seconds(asked int) int {
	if asked <= 0 {
		asked = defaultWait
	}
	if r.work == nil {
		return asked
	}
	return max(1, min(asked, int(math.Ceil((r.work.Left()+afterEnd).Seconds()))))
}

// command stands in for exec.Command. A command that is left running goes on after the
// request.
func (r *runtime) command(name string, arguments ...string) *exec.Cmd {
	if r.work == nil {
		return exec.Command(name, arguments...)
	}
	ctx, kill := context.WithCancelCause(context.Background())
	work, end := r.work, r.end
	stop := context.AfterFunc(work, func() { kill(work.Err()) })
	r.end = func() {
		stop()
		end()
	}
	command := exec.CommandContext(ctx, name, arguments...)
	command.WaitDelay = outputDelay
	return command
}

// NewMailClient implements core.App.
func (a hookApp) NewMailClient() mailer.Mailer { return mailClient{a.App.NewMailClient(), a.runtime} }

// mailClient waits for the mail server as long as the request has time.
type mailClient struct {
	mailer.Mailer
	runtime *runtime
}

// Send implements mailer.Mailer.
func (c mailClient) Send(message *mailer.Message) error {
	work := c.runtime.work
	if work == nil {
		return c.Mailer.Send(message)
	}
	sent := make(chan error, 1)
	go func() { sent <- c.Mailer.Send(message) }()
	select {
	case err := <-sent:
		return err
	case <-work.Done():
		return work.Err()
	}
}
