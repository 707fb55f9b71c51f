package server

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// release gives memory that is all zero back to the system. Where that refuses, it stays.
func release(memory []byte) { _ = unix.Madvise(memory, unix.MADV_DONTNEED) }

// releaseStartPages unmaps the program's own file, most of which the initialisation of
// the packages has touched once. What is used again is mapped again, from the system's
// cache. Mappings with changed pages, which the file does not have, stay. Without /proc
// all stay.
func releaseStartPages() {
	executable, err := os.Executable()
	if err != nil {
		return
	}
	mappings, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	var begin, end uintptr // of a mapping of the file that nobody can write to
	for line := range strings.Lines(string(mappings)) {
		fields := strings.Fields(line)
		if !strings.HasSuffix(fields[0], ":") {
			begin, end = 0, 0
			if strings.HasSuffix(strings.TrimSpace(line), " "+executable) && !strings.Contains(fields[1], "w") {
				_, _ = fmt.Sscanf(fields[0], "%x-%x", &begin, &end) // none if it is something else
			}
		}
		if end > 0 && fields[0] == "Anonymous:" && fields[1] == "0" {
			// Where the system refuses, the pages stay.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_DONTNEED)
		}
	}
}
