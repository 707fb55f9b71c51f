package scripts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/file"
	"github.com/pocketbase/pocketbase/tools/router"
)

// sources are the scripts that were loaded, by their path.
var sources sync.Map

func readSources(directory string) error {
	names, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".pb.js") && !strings.HasSuffix(name, ".pb.ts") {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		sources.Store(name, string(content))
	}
	return nil
}

// Failure returns the place and the message of an exception that a script has thrown, and
// the place where one was interrupted; nil if the error is none, or one that the script
// wants the client to get.
func Failure(err error) error {
	var refusal *router.ApiError
	for errors.As(err, &refusal) {
		cause, ok := refusal.RawData().(error)
		if !ok {
			return nil
		}
		err, refusal = cause, nil
	}
	var interrupted *goja.InterruptedError
	var exception *goja.Exception
	var thrown *thrownError
	switch {
	case errors.As(err, &interrupted):
		return fmt.Errorf("%s: %v", place(interrupted.Stack()), interrupted.Value())
	case errors.As(err, &exception):
		return fmt.Errorf("%s: %w", place(exception.Stack()), err)
	case errors.As(err, &thrown) && thrown.place() != "":
		return fmt.Errorf("%s: %w", thrown.place(), err)
	}
	return nil
}

// place returns the file and the line of the innermost frame that is a script's.
// Handlers run as programs of their own, whose text is a part of a file.
func place(frames []goja.StackFrame) string {
	for i := range frames {
		position := frames[i].Position()
		text := handlerText(&frames[i])
		if position.Line == 0 || text == "" {
			continue
		}
		found := ""
		sources.Range(func(name, content any) bool {
			before, _, isPart := strings.Cut(content.(string), text)
			if isPart {
				found = fmt.Sprintf("%s:%d", filepath.Base(name.(string)), strings.Count(before, "\n")+position.Line)
			}
			return !isPart
		})
		if found != "" {
			return found
		}
	}
	return "a script"
}

// handlerText returns the text of the handler that a frame belongs to: what the plugin
// has put its own around. It is empty if goja or the plugin has changed.
func handlerText(frame *goja.StackFrame) string {
	program := reflect.ValueOf(frame).Elem().FieldByName("prg")
	if program.Kind() != reflect.Pointer || program.IsNil() {
		return ""
	}
	source := program.Elem().FieldByName("src")
	if source.Kind() != reflect.Pointer || source.IsNil() || source.Type() != reflect.TypeFor[*file.File]() {
		return ""
	}
	text := (*file.File)(unsafe.Pointer(source.Pointer())).Source()
	text = strings.TrimPrefix(text, "{(")
	text = strings.TrimPrefix(text, "function(e) { $app = e.app; return (")
	text, _, _ = strings.Cut(text, ").apply(undefined")
	return strings.TrimSuffix(text, ").call(undefined, e) }")
}
