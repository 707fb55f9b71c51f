package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// auditSlice is how long is measured without the audit before the same is measured
// with it, and so on in turns, so that whatever else the machine does hits both.
const auditSlice = 2 * time.Second

// auditWarmUp is how long the same goes on before, unmeasured. It is longer than
// events wait to be stored, so that each slice has the events of its own time only.
const auditWarmUp = time.Second

// compareAudit measures reading with batched auditing and without auditing reads,
// on each of the engines, for the duration each. The figures are medians of slices.
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
			var rates [2][]float64
			var ratios []float64
			for pair := range max(1, int(duration/auditSlice)) {
				for turn := range 2 {
					which := (pair + turn) % 2 // off, batched, batched, off, ...
					var measured result
					for _, period := range []time.Duration{auditWarmUp, min(duration, auditSlice)} { // the last one counts
						if measured, err = measure(ctx, servers[which].origin, operation, callers, connections, period); err != nil {
							return fmt.Errorf("%s on %s: %w", operation.name, engine.name, err)
						}
					}
					rates[which] = append(rates[which], measured.rate)
				}
				ratios = append(ratios, rates[1][pair]/rates[0][pair])
			}
			fmt.Printf("| %s | %s | %d | %.0f | %.0f | %.2f |\n",
				engine.name, operation.name, connections, median(rates[0]), median(rates[1]), median(ratios))
		}
	}
	return nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

func engines(directory, data, postgres string) []engine {
	return []engine{
		{"SQLite", []string{"DATA_DIR=" + data}},
		{"PostgreSQL", []string{"DATA_DIR=" + filepath.Join(directory, "files"), "DATABASE_URL=" + postgres}},
	}
}
