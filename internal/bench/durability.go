package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// compareDurability measures writing on SQLite with each commit on the disk before
// it is acknowledged, and without, in turns.
func compareDurability(ctx context.Context, binary, directory, data string, callers []caller, duration time.Duration) (err error) {
	const rounds = 8
	var servers [2]*server
	for i, synchronous := range []string{"FULL", "NORMAL"} {
		if servers[i], err = startServer(binary, directory, "DATA_DIR="+data, "SQLITE_SYNCHRONOUS="+synchronous); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, servers[i].stop()) }()
	}
	fmt.Println("| operation | connections | per second, FULL | NORMAL | throughput, FULL to NORMAL |")
	fmt.Println("|---|---|---|---|---|")
	for _, operation := range operations {
		if operation.method == "GET" {
			continue
		}
		for _, connections := range []int{1, 16} {
			var rates [2]float64
			for round := range 2 * rounds {
				which := (round + round/2) % 2 // FULL, NORMAL, NORMAL, FULL, ...
				measured, err := measure(ctx, servers[which].origin, operation, callers, connections, duration/rounds)
				if err != nil {
					return fmt.Errorf("%s: %w", operation.name, err)
				}
				rates[which] += measured.rate / rounds
			}
			fmt.Printf("| %s | %d | %.0f | %.0f | %.2f |\n", operation.name, connections, rates[0], rates[1], rates[0]/rates[1])
		}
	}
	return nil
}
