// Command bench measures the documented API on SQLite and on PostgreSQL, side by
// side in one run on the same data: see README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"carebase/internal/bench/simulation"
	"carebase/internal/postgres/transfer"
)

// options are the flags.
type options struct {
	postgres string
	// replica is the URL of a standby of that server, with the same database.
	replica         string
	users, patients int
	time            time.Duration
	audit, flood    bool
	durability      bool
	cost            bool
	// only is the name of the one operation to measure the cost of, profile the
	// directory for profiles of Carebase meanwhile; empty for all and none.
	only, profile string
	rows, streams bool
	deletion      bool
	trail         bool
	// record stores what was measured as parameters of the simulation.
	record bool
}

func main() {
	var options options
	flag.StringVar(&options.postgres, "postgres", "", "URL of an empty PostgreSQL database")
	flag.StringVar(&options.replica, "replica", "", "URL of the same database on a standby: measure reads from it instead of comparing the engines")
	flag.IntVar(&options.users, "users", 100, "how many users there are")
	flag.IntVar(&options.patients, "patients", 100_000, "how many patients they have together")
	flag.DurationVar(&options.time, "time", 3*time.Second, "how long each measurement takes")
	flag.BoolVar(&options.audit, "audit", false, "measure what the audit trail costs instead of comparing the engines")
	flag.BoolVar(&options.flood, "flood", false, "measure views under a flood of logins instead of comparing the engines")
	flag.BoolVar(&options.durability, "durability", false, "measure what commits on the disk cost SQLite, without PostgreSQL")
	flag.BoolVar(&options.cost, "cost", false, "measure the processor time of a request compared with a bare server and with PocketBase, with or without PostgreSQL")
	flag.StringVar(&options.only, "only", "", "with -cost, the operation to measure: \"list of 30\", view, create, update, login or refresh")
	flag.StringVar(&options.profile, "profile", "", "with -cost, the directory for profiles of Carebase, one directory in it per engine")
	flag.BoolVar(&options.rows, "rows", false, "measure what grows with a user's own rows, with or without PostgreSQL")
	flag.BoolVar(&options.streams, "streams", false, "measure what realtime subscribers add to a create, on SQLite")
	flag.BoolVar(&options.deletion, "deletion", false, "measure deletions of a user with many patients and of a doctor with many mappings, with or without PostgreSQL")
	flag.BoolVar(&options.trail, "trail", false, "measure the audit trail at rest, with as many events as -patients says")
	flag.BoolVar(&options.record, "record", false, "store what is measured as parameters of the simulation, in "+simulation.File)
	simulate := flag.Bool("simulate", false, "print what deployments of several sizes need, by the stored parameters")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := run
	if options.rows {
		run = measureRows
	}
	if options.streams {
		run = measureStreams
	}
	if options.deletion {
		run = measureDeletion
	}
	if options.trail {
		run = measureTrail
	}
	if *simulate {
		run = printSimulation
	}
	if err := run(ctx, options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func printSimulation(context.Context, options) error {
	parameters, err := simulation.Stored()
	if err != nil {
		return err
	}
	simulation.Write(os.Stdout, parameters)
	return nil
}

// keep stores measured parameters of the simulation, if asked to.
func (o options) keep(measured map[string]float64) error {
	if !o.record {
		return nil
	}
	return simulation.Record(simulation.File, measured)
}

func run(ctx context.Context, options options) (err error) {
	if options.postgres == "" && !options.durability && !options.cost || options.users < 1 || options.patients < options.users || options.time <= 0 {
		return errors.New("usage: go run ./internal/bench -postgres URL [-users 100] [-patients 100000] [-time 3s] [-audit | -flood | -durability | -cost]")
	}
	directory, err := os.MkdirTemp("", "carebase-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	data := filepath.Join(directory, "pb_data")
	began := time.Now()
	callers, err := fill(data, options.users, options.patients)
	if err != nil {
		return err
	}
	fmt.Printf("%d patients of %d users: made in SQLite in %.1f s", options.patients, options.users, time.Since(began).Seconds())
	if options.postgres != "" {
		began = time.Now()
		if _, err := transfer.Copy(ctx, "sqlite:"+data, options.postgres, func(string, string, int64, int64) {}); err != nil {
			return err
		}
		fmt.Printf(", copied to PostgreSQL in %.1f s", time.Since(began).Seconds())
	}
	fmt.Print("\n\n")
	if options.cost {
		return compareCost(ctx, directory, data, options, callers)
	}
	binary, err := build(ctx, directory, "carebase")
	switch {
	case err != nil:
		return err
	case options.durability:
		return compareDurability(ctx, binary, directory, data, callers, options.time)
	case options.audit:
		return compareAudit(ctx, binary, directory, engines(directory, data, options.postgres), callers, options.time)
	case options.replica != "":
		return compareReplica(ctx, binary, directory, callers, options)
	case options.flood:
		return measureFlood(ctx, binary, directory, engines(directory, data, options.postgres), callers, options.time)
	}
	return compareEngines(ctx, binary, directory, data, options, callers)
}

// compareEngines measures the documented API on both engines.
func compareEngines(ctx context.Context, binary, directory, data string, options options, callers []caller) (err error) {
	onSQLite, err := startServer(binary, directory, "DATA_DIR="+data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, onSQLite.stop()) }()
	onPostgreSQL, err := startServer(binary, directory, "DATA_DIR="+filepath.Join(directory, "files"), "DATABASE_URL="+options.postgres)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, onPostgreSQL.stop()) }()
	return compare(ctx, onSQLite.origin, onPostgreSQL.origin, callers, options)
}
