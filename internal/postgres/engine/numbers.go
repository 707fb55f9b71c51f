package engine

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// writeNumbers writes the numbers of JSON fields as SQLite stores them: its JSON columns
// have numeric affinity, so that 1.0 is the integer 1.
func writeNumbers(e *core.RecordEvent) error {
	for _, field := range e.Record.Collection().Fields {
		if field.Type() != core.FieldTypeJSON {
			continue
		}
		if raw, ok := e.Record.GetRaw(field.GetName()).(types.JSONRaw); ok {
			e.Record.SetRaw(field.GetName(), types.JSONRaw(asStored(string(raw))))
		}
	}
	return e.Next()
}

// asStored returns JSON with a number in SQLite's form, and any other JSON as it is.
func asStored(raw string) string {
	text := strings.TrimSpace(raw)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !json.Valid([]byte(text)) {
		return raw
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
		return text
	}
	if number == math.Trunc(number) && math.Abs(number) < 1<<63 {
		return strconv.FormatInt(int64(number), 10)
	}
	stored, err := json.Marshal(number)
	if err != nil {
		return raw
	}
	return string(stored)
}
