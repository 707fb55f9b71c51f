package server

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestStartPagesAreReleased compares how much of files is mapped before and afterwards.
func TestStartPagesAreReleased(t *testing.T) {
	before := mappedFiles(t)
	releaseStartPages()
	if after := mappedFiles(t); after > before*3/4 {
		t.Errorf("%d kB of files are mapped, before %d", after, before)
	}
}

// mappedFiles returns the kilobytes of files that are mapped and resident.
func mappedFiles(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "RssFile:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes
}
