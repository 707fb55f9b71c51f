package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// auditRounds is how often each measurement is repeated, with the audit and
// without it in turns, so that whatever else the machine does hits both.
const auditRounds = 8

// compareAudit measures reading with batched auditing and without auditing reads,
// on each of the engines.
func compareAudit(ctx context.Context, binary, directory string, engines []engine, callers []caller, duration time.Duration) error {
	fmt.Println("| engine | operation | connections | per second, AUDIT_READS=off | batched | throughput, batched to off |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, engine := range engines {
		if err := compareAuditOn(ctx, binary, directory, engine, callers, duration); err != nil {
			return err
		}
	}
	return nil
}

// engine is where the data is, and how a server is told.
type engine struct {
	name        string
	environment []string
}

func compareAuditOn(ctx context.Context, binary, directory string, engine engine, callers []caller, duration time.Duration) (err error) {
	var servers [2]*server
	for i, reads := range []string{"off", "batched"} {
		if servers[i], err = startServer(binary, directory, append([]string{"AUDIT_READS=" + reads}, engine.environment...)...); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, servers[i].stop()) }()
	}
	for _, operation := range operations {
		if operation.method != "GET" {
			continue
		}
		for _, connections := range []int{1, 16} {
			var rates [2]float64
			for round := range 2 * auditRounds {
				which := (round + round/2) % 2 // off, batched, batched, off, ...
				measured, err := measure(ctx, servers[which].origin, operation, callers, connections, duration/auditRounds)
				if err != nil {
					return fmt.Errorf("%s on %s: %w", operation.name, engine.name, err)
				}
				rates[which] += measured.rate / auditRounds
			}
			fmt.Printf("| %s | %s | %d | %.0f | %.0f | %.2f |\n", engine.name, operation.name, connections, rates[0], rates[1], rates[1]/rates[0])
		}
	}
	return nil
}

func engines(directory, data, postgres string) []engine {
	return []engine{
		{"SQLite", []string{"DATA_DIR=" + data}},
		{"PostgreSQL", []string{"DATA_DIR=" + filepath.Join(directory, "files"), "DATABASE_URL=" + postgres}},
	}
}
