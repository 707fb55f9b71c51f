package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// replicaOperations are reads that may use a replica, and one write, which cannot.
var replicaOperations = []operation{
	{"list of 30", "GET", fixed("/api/patients/"), nil, http.StatusOK},
	{"search in them", "GET", fixed("/api/patients/?search=ann"), nil, http.StatusOK},
	{"view", "GET", ofPatient, nil, http.StatusOK},
	{"update", "PATCH", ofPatient, change, http.StatusOK},
}

// replicaConnections is how many requests are under way at once.
const replicaConnections = 8

// awaitReplica is longer than a server takes until it reads from a replica.
const awaitReplica = 5 * time.Second

// compareReplica measures requests with and without PG_REPLICA_URL, and the processor
// time that they take Carebase, the primary and the replica, which are on this
// machine.
func compareReplica(ctx context.Context, binary, directory string, callers []caller, options options) (err error) {
	primary, err := postmasterOf(ctx, options.postgres)
	if err != nil {
		return err
	}
	standby, err := postmasterOf(ctx, options.replica)
	if err != nil {
		return err
	}
	var servers []*server
	for i, environment := range [][]string{nil, {"PG_REPLICA_URL=" + options.replica}} {
		own := []string{"DATA_DIR=" + filepath.Join(directory, "files"+strconv.Itoa(i)), "DATABASE_URL=" + options.postgres}
		started, err := startServer(binary, directory, append(own, environment...)...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, started.stop()) }()
		servers = append(servers, started)
	}
	time.Sleep(awaitReplica)
	fmt.Println("| operation | reads from | p50, p99 (ms) | per second | µs of processor time: Carebase | primary | replica |\n|---|---|---|---|---|---|---|")
	for _, operation := range replicaOperations {
		for i, from := range []string{"the primary", "the replica"} {
			measured, spent, err := measureReplica(ctx, servers[i], []int{primary, standby}, operation, callers, options.time)
			if err != nil {
				return err
			}
			fmt.Printf("| %s | %s | %s | %.0f | %.0f | %.0f | %.0f |\n", operation.name, from, milliseconds(measured), measured.rate, spent[0], spent[1], spent[2])
		}
	}
	return nil
}

// measureReplica returns the µs per request of a server and of the PostgreSQL servers.
func measureReplica(ctx context.Context, server *server, postmasters []int, operation operation, callers []caller, duration time.Duration) (measured result, spent [3]float64, err error) {
	used := func() (times [3]time.Duration, err error) {
		if times[0], err = server.processorTime(); err != nil {
			return times, err
		}
		for i, postmaster := range postmasters {
			if times[i+1], err = timeBelow(postmaster); err != nil {
				return times, err
			}
		}
		return times, nil
	}
	before, err := used()
	if err != nil {
		return measured, spent, err
	}
	if measured, err = measure(ctx, server.origin, operation, callers, replicaConnections, duration); err != nil {
		return measured, spent, err
	}
	time.Sleep(costSettle)
	after, err := used()
	for i := range spent {
		spent[i] = float64((after[i] - before[i]).Microseconds()) / float64(max(1, measured.requests))
	}
	return measured, spent, err
}

// postmasterOf returns the process id of a PostgreSQL server on this machine.
func postmasterOf(ctx context.Context, url string) (int, error) {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer connection.Close(ctx)
	stat, err := statOf(connection.PgConn().PID())
	if err != nil {
		return 0, fmt.Errorf("the server is not on this machine: %w", err)
	}
	return strconv.Atoi(stat[1])
}

// timeBelow returns the processor time of a server's processes, those that have ended
// included.
func timeBelow(postmaster int) (total time.Duration, err error) {
	own, err := statOf(uint32(postmaster))
	if err != nil {
		return 0, err
	}
	const utime, stime, endedUser, endedSystem = 14 - 3, 15 - 3, 16 - 3, 17 - 3
	counted := []string{own[utime], own[stime], own[endedUser], own[endedSystem]}
	processes, err := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		pid, _ := strconv.ParseUint(filepath.Base(process), 10, 32)
		if stat, err := statOf(uint32(pid)); err == nil && stat[1] == strconv.Itoa(postmaster) { // others may have ended
			counted = append(counted, stat[utime], stat[stime])
		}
	}
	for _, field := range counted {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ticks) * clockTick
	}
	return total, err
}
