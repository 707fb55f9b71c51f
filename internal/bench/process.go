package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// awaitAnswer waits for any answer to the first request.
func (s *server) awaitAnswer() error {
	response, err := http.Get(s.origin + "/api/health")
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// clockTick is the unit of times in /proc, which Linux has as a constant.
const clockTick = time.Second / 100

// processorTime returns the user and system time that the process has used.
func (s *server) processorTime() (time.Duration, error) {
	fields, err := statOf(uint32(s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	const utime, stime = 14 - 3, 15 - 3
	total := time.Duration(0)
	for _, field := range []string{fields[utime], fields[stime]} {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ticks) * clockTick
	}
	return total, nil
}

// residentMemory returns the process's resident memory in bytes.
func (s *server) residentMemory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", s.process.Process.Pid)
}

// statOf returns the fields of a process's stat from the third on, its state.
func statOf(pid uint32) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	const least = 17
	// The second field, the name, is in brackets.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < least {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return fields, nil
}
