// Command profiled is Carebase that writes profiles of itself, for the benchmarks.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing/fstest"

	"carebase/internal/app"
)

func main() {
	if err := run(os.Getenv("PROFILE_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run profiles the processor time of the whole process and all allocations.
func run(directory string) (err error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	processor, err := os.Create(filepath.Join(directory, "processor.pprof"))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(processor); err != nil {
		return err
	}
	defer func() {
		pprof.StopCPUProfile()
		err = errors.Join(err, processor.Close(), writeAllocations(filepath.Join(directory, "allocations.pprof")))
	}()
	return app.Run(fstest.MapFS{})
}

func writeAllocations(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
