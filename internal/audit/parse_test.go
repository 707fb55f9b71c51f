package audit_test

import (
	"encoding/json"
	"testing"

	"carebase/internal/audit"
)

// FuzzParse compares the two ways to read an event.
func FuzzParse(f *testing.F) {
	const event = `{"id":"a","chain":"b","seq":7,"recorded_at":"2026-01-31T12:00:00.000Z","action":"R","outcome":"success","agent":"1","agent_type":"user",` +
		`"token":"t","address":"::1","door":"rest","request_id":"r","collection":"patients","detail":"","records":"1 2","count":2,"patient":"","fields":"age name"}`
	for _, text := range []string{
		event, event[:len(event)-1], event + " ", "{}", "", `{"id":1}`,
		`{"id":"a","chain":"b","seq":07` + event[24:], `{"id":"\u0061"` + event[9:], `{"ID":"a"` + event[9:],
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := audit.Parse(text)
		want, wantErr := audit.ParseSlowly(text)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: got %v, want %v", text, err, wantErr)
		}
		gotText, _ := json.Marshal(got)
		if wantText, _ := json.Marshal(want); err == nil && string(gotText) != string(wantText) {
			t.Errorf("%q: got %s, want %s", text, gotText, wantText)
		}
	})
}
