package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// replicaOperations are reads that may use a replica.
var replicaOperations = []operation{
	{"page of 50", "GET", fixed("/api/patients/?page=1&page_size=50"), nil, http.StatusOK},
	{"page of 50, sorted by notes", "GET", fixed("/api/patients/?page=1&page_size=50&ordering=notes"), nil, http.StatusOK},
	{"page of 50, searched", "GET", fixed("/api/patients/?page=1&page_size=50&search=an"), nil, http.StatusOK},
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
	metrics, err := freeAddress()
	if err != nil {
		return err
	}
	for i, environment := range [][]string{nil, {"PG_REPLICA_URL=" + options.replica, "METRICS_ADDR=" + metrics}} {
		own := []string{"DATA_DIR=" + filepath.Join(directory, "files"+strconv.Itoa(i)), "DATABASE_URL=" + options.postgres}
		started, err := startServer(binary, directory, append(own, environment...)...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, started.stop()) }()
		servers = append(servers, started)
	}
	time.Sleep(awaitReplica)
	fmt.Println("| operation | PG_REPLICA_URL | read from it (%) | p50, p99 (ms) | per second | µs of processor time: Carebase | primary | replica |\n|---|---|---|---|---|---|---|---|")
	for _, operation := range replicaOperations {
		for i, set := range []string{"no", "yes"} {
			before, err := replicaReads(ctx, metrics)
			if err != nil {
				return err
			}
			measured, spent, err := measureReplica(ctx, servers[i], []int{primary, standby}, operation, callers, options.time)
			if err != nil {
				return err
			}
			after, err := replicaReads(ctx, metrics)
			if err != nil {
				return err
			}
			fmt.Printf("| %s | %s | %.0f | %s | %.0f | %.0f | %.0f | %.0f |\n", operation.name, set, 100*(after-before)/float64(measured.requests),
				milliseconds(measured), measured.rate, spent[0], spent[1], spent[2])
		}
	}
	return nil
}

// freeAddress returns an address that nobody listens on now.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// replicaReads reads how many requests a server has read from its replica.
func replicaReads(ctx context.Context, metrics string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if number, found := strings.CutPrefix(lines.Text(), "carebase_read_replica_requests_total "); found {
			return strconv.ParseFloat(number, 64)
		}
	}
	return 0, errors.Join(errors.New("the metrics do not tell of the replica"), lines.Err())
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
