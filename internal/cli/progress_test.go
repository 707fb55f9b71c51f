package cli

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var lines, bar strings.Builder
	for out, progress := range map[*strings.Builder]*progressBar{&lines: {out: &lines, unit: "rows"}, &bar: {out: &bar, unit: "rows", terminal: true}} {
		for _, done := range []int64{0, 9, 50, 55, 100, 100} {
			progress.report("copying", "patients", done, 100)
		}
		progress.report("copying", "doctors", 0, 0)
		progress.end()
		if !strings.HasSuffix(out.String(), "\n") {
			t.Errorf("the last line stays open: %q", out.String())
		}
	}
	if got, want := lines.String(), "copying patients: 50%, 50 of 100 rows\ncopying patients: 100 rows\ncopying doctors: 0 rows\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, want := range []string{
		"\r\x1b[K[" + strings.Repeat("-", barWidth) + "]   0% copying patients: 0 of 100 rows",
		"\r\x1b[K[" + strings.Repeat("#", barWidth) + "] 100% copying patients: 100 of 100 rows\n",
	} {
		if strings.Count(bar.String(), want) != 1 {
			t.Errorf("got %q, want %q in it once", bar.String(), want)
		}
	}
}

func TestProgressTellsTheRate(t *testing.T) {
	var bar strings.Builder
	progress := &progressBar{out: &bar, unit: "rows", terminal: true, current: "copying patients", began: time.Now().Add(-10 * time.Second)}
	progress.report("copying", "patients", 1000, 1000)
	if want := " 100% copying patients: 1000 of 1000 rows, 100 rows/s\n"; !strings.HasSuffix(bar.String(), want) {
		t.Errorf("got %q, want %q at the end", bar.String(), want)
	}
}
