package scripts

import (
	"errors"
	"strings"

	"github.com/dop251/goja"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/tools/router"
)

// thrownError is the error of a function of the program that a script has called, with
// where it was: the plugin passes on the error alone.
type thrownError struct {
	error
	stack []goja.StackFrame
}

// Unwrap is used by package errors.
func (e *thrownError) Unwrap() error { return e.error }

// bindThrown notes where errors are thrown to scripts. goja sets the error as the value
// of the exception that it makes of it.
func (r *runtime) bindThrown() {
	prototype := r.vm.GlobalObject().Get("GoError").ToObject(r.vm).Get("prototype").ToObject(r.vm)
	setter := r.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		value := call.Argument(0)
		if err, isError := value.Export().(error); isError && !isKnown(err) {
			value = r.vm.ToValue(&thrownError{err, r.vm.CaptureCallStack(0, nil)})
		}
		if err := call.This.ToObject(r.vm).DefineDataProperty("value", value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
			panic(err) // a new exception takes it
		}
		return goja.Undefined()
	})
	if err := prototype.DefineAccessorProperty("value", nil, setter, goja.FLAG_FALSE, goja.FLAG_FALSE); err != nil {
		panic(err) // it is not defined yet
	}
}

// isKnown reports whether an error is one that a client is to get, or one that another
// script was thrown before.
func isKnown(err error) bool {
	var invalid validation.Errors
	var refusal *router.ApiError
	var thrown *thrownError
	return errors.As(err, &invalid) || errors.As(err, &refusal) || errors.As(err, &thrown)
}

// place returns where a script has called what failed; empty if that only passed on what
// comes after the script, by calling next.
func (e *thrownError) place() string {
	for i := range e.stack {
		position, text := e.stack[i].Position(), handlerText(&e.stack[i])
		if position.Line == 0 || text == "" {
			continue
		}
		lines := strings.Split(text, "\n")
		if position.Line <= len(lines) && strings.Contains(lines[position.Line-1], ".next(") {
			return ""
		}
		break
	}
	return place(e.stack)
}
