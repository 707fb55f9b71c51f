package simulation

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	document   = "../../../docs/scaling.md"
	begin, end = "<!-- go run ./internal/bench -simulate -->\n\n", "\n<!-- end -->"
)

// TestDocumentShowsTheSimulation compares docs/scaling.md with what -simulate prints.
// With CAREBASE_UPDATE_GOLDEN it updates the document.
func TestDocumentShowsTheSimulation(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := Stored()
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	Write(&printed, parameters)
	before, rest, found := strings.Cut(string(text), begin)
	shown, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatal("docs/scaling.md has no place for the tables")
	}
	if shown == printed.String() {
		return
	}
	if os.Getenv("CAREBASE_UPDATE_GOLDEN") == "" {
		t.Fatalf("docs/scaling.md differs from what the simulation prints:\n%s", printed.String())
	}
	if err := os.WriteFile(document, []byte(before+begin+printed.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRecordKeepsTheOthers stores one measured figure.
func TestRecordKeepsTheOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "parameters.json")
	if err := os.WriteFile(file, stored, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Record(file, map[string]float64{"sqlite.view": 1}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := Stored()
	want[want.index("sqlite.view")].Value = 1
	for i := range want {
		if recorded[i] != want[i] {
			t.Errorf("got %+v, want %+v", recorded[i], want[i])
		}
	}
	if err := Record(file, map[string]float64{"unknown": 1}); err == nil {
		t.Error("recorded a figure that there is none of")
	}
}

// TestSimulatedQueues compares simple cases with what is known of them.
func TestSimulatedQueues(t *testing.T) {
	for _, test := range []struct {
		name      string
		kind      kind
		cores     int
		processor float64
		p99       [2]float64
	}{
		{"hardly any", kind{rate: 0.001, processor: 1}, 1, 0.001, [2]float64{1, 1.01}},
		// One server with fixed service times, half busy: 99 % within 4.0 to 4.5 of them.
		{"half busy", kind{rate: 50, processor: 0.01}, 1, 0.5, [2]float64{0.035, 0.05}},
		{"two cores", kind{rate: 50, processor: 0.01}, 2, 0.25, [2]float64{0.01, 0.02}},
		{"held by the writer", kind{rate: 50, processor: 0.001, writer: 0.01}, 4, 0.0125, [2]float64{0.036, 0.051}},
	} {
		got := simulate([]kind{test.kind}, test.cores)
		if got.p99 < test.p99[0] || got.p99 > test.p99[1] {
			t.Errorf("%s: 99 %% within %.4f s", test.name, got.p99)
		}
		if got.processor < test.processor*0.97 || got.processor > test.processor*1.03 {
			t.Errorf("%s: the processor is busy for %.4f of the time", test.name, got.processor)
		}
	}
}
