package audit

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// TestEventsAreEncodedAsByEncodingJSON fills all properties, so that none is
// forgotten.
func TestEventsAreEncodedAsByEncodingJSON(t *testing.T) {
	full := stored{Checkpoints: []Checkpoint{{}}}
	for _, part := range []reflect.Value{reflect.ValueOf(&full.Facts).Elem(), reflect.ValueOf(&full).Elem()} {
		for i := range part.NumField() {
			switch field := part.Field(i); field.Kind() {
			case reflect.String:
				field.SetString(part.Type().Field(i).Name + ` "<é>" ` + "\u2028")
			case reflect.Int, reflect.Int64:
				field.SetInt(int64(i) + 1<<40)
			}
		}
	}
	for name, event := range map[string]stored{"all": full, "none": {}} {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(event); err != nil {
			t.Fatal(err)
		}
		got, err := event.appendJSON(nil)
		if err != nil || string(got)+"\n" != want.String() {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, want.String())
		}
	}
}
