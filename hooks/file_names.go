package hooks

import (
	"path"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
)

// maxFileName is the size in bytes from which PocketBase cuts the names of files, between
// the bytes of a letter, too: then the storage refuses the file.
const maxFileName = 255

// bindFileNames shortens the names of files that are sent.
func bindFileNames(app core.App) {
	shorten := func(e *core.RecordEvent) error {
		for _, field := range e.Record.Collection().Fields {
			if field.Type() != core.FieldTypeFile {
				continue
			}
			for _, sent := range e.Record.GetUnsavedFiles(field.GetName()) {
				sent.OriginalName = shortName(sent.OriginalName)
			}
		}
		return e.Next()
	}
	app.OnRecordCreate().BindFunc(shorten)
	app.OnRecordUpdate().BindFunc(shorten)
}

// shortName returns the name of a file without what is too much before its extension.
func shortName(name string) string {
	if len(name) <= maxFileName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) >= maxFileName {
		extension = ""
	}
	short := name[:maxFileName-len(extension)]
	for !utf8.ValidString(short) {
		short = short[:len(short)-1]
	}
	return short + extension
}
