package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// costConnections is how many requests are under way at once.
	costConnections = 4
	// costRounds is how often each server has its turn, so that whatever else the
	// machine does hits all of them.
	costRounds = 4
	// costSettle is longer than anything waits in a queue: what is stored after the
	// answer counts, too.
	costSettle = 1200 * time.Millisecond
)

// costOperation is a request of the documented API, and the same of the record API.
type costOperation struct {
	documented, record operation
	// ofFloor is which operation of the floor it is compared with: the floor has no
	// updates.
	ofFloor int
}

var costOperations = []costOperation{
	{operation{"list of 30", "GET", fixed("/api/patients/"), nil, http.StatusOK}, operation{"list of 30", "GET", fixed(records), nil, http.StatusOK}, 0},
	{operation{"view", "GET", ofPatient, nil, http.StatusOK}, operation{"view", "GET", ofRecord, nil, http.StatusOK}, 1},
	{operation{"create", "POST", fixed("/api/patients/"), newPatient, http.StatusCreated}, operation{"create", "POST", fixed(records), newPatient, http.StatusOK}, 2},
	{operation{"update", "PATCH", ofPatient, change, http.StatusOK}, operation{"update", "PATCH", ofRecord, change, http.StatusOK}, 2},
}

const records = "/api/collections/patients/records"

func ofRecord(patient string) string { return records + "/" + patient }

// costServers are the servers of a comparison; postgres is nil without PostgreSQL. The
// durable one is PocketBase that waits for the disk at each commit, as Carebase does.
type costServers struct {
	floor, stock, durable, sqlite, postgres *server
}

// ofPocketBase reports whether a server cannot have Carebase's triggers.
func (s *costServers) ofPocketBase(place **server) bool {
	return place == &s.floor || place == &s.stock || place == &s.durable
}

// compareCost measures the processor time of a request: of the documented API
// compared with the floor's, and of the record API compared with PocketBase's own.
// The second half of the callers creates, so that the lists of the first keep their
// length.
func compareCost(ctx context.Context, directory, data string, options options, callers []caller) (err error) {
	if slices.Contains(signIns, options.only) {
		return compareSignIns(ctx, directory, data, options, callers)
	}
	servers, stop, err := startCostServers(ctx, directory, data, options)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return err
	}
	fmt.Println("| µs of processor time | floor | documented API, SQLite | to floor | PostgreSQL | to floor | stock PocketBase | record API, SQLite | to stock | stock, synchronous=FULL | to that |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	readers, creators := callers[:len(callers)/2], callers[len(callers)/2:]
	var floors []float64
	for i, operation := range costOperations {
		if !isAsked(options.only, i) {
			floors = append(floors, 0)
			continue
		}
		who := readers
		if operation.documented.method == "POST" {
			who = creators
		}
		costs, err := measureCosts(ctx, servers, i, who, options.time)
		if err != nil {
			return fmt.Errorf("%s: %w", operation.documented.name, err)
		}
		floors = append(floors, costs[0])
		if err := options.keep(parametersOf(operation.documented, costs)); err != nil {
			return err
		}
		floor := floors[operation.ofFloor]
		fmt.Printf("| %s | %.0f | %s | %s | %.0f | %s | %s |\n", operation.documented.name, floor,
			columns(costs[1], costs[1]/floor), columns(costs[2], costs[2]/floor), costs[3], columns(costs[4], costs[4]/costs[3]), columns(costs[5], costs[4]/costs[5]))
	}
	if options.only == "" {
		return compareSignIns(ctx, directory, data, options, callers)
	}
	return nil
}

// columns returns two columns, a cost and a ratio, which are empty for what was not
// measured.
func columns(cost, ratio float64) string {
	if cost == 0 {
		return " | "
	}
	return fmt.Sprintf("%.0f | %.2f", cost, ratio)
}

// parametersOf are what the simulation takes from the costs of an operation.
func parametersOf(operation operation, costs [6]float64) map[string]float64 {
	name, _, _ := strings.Cut(operation.name, " ")
	measured := map[string]float64{"sqlite." + name: math.Round(costs[1])}
	if costs[2] > 0 {
		measured["postgres."+name] = math.Round(costs[2])
	}
	return measured
}

// isAsked reports whether an operation is the only one to measure, or one that it is
// compared with.
func isAsked(only string, which int) bool {
	return only == "" || slices.ContainsFunc(costOperations, func(operation costOperation) bool {
		return operation.documented.name == only && (costOperations[which].documented.name == only || operation.ofFloor == which)
	})
}

// measureCosts returns the µs of a request: floor, documented API on SQLite and on
// PostgreSQL, stock, record API, durable stock for writes. Those that there is no server for are 0.
func measureCosts(ctx context.Context, servers costServers, which int, callers []caller, duration time.Duration) (costs [6]float64, err error) {
	requests := costOperations[which]
	turns := []struct {
		server    *server
		operation operation
	}{
		{servers.floor, requests.documented}, {servers.sqlite, requests.documented}, {servers.postgres, requests.documented},
		{servers.stock, requests.record}, {servers.sqlite, requests.record}, {servers.durable, requests.record},
	}
	if requests.record.method == "GET" {
		turns[5].server = nil
	}
	if requests.ofFloor != which {
		turns[0].server = nil
	}
	var spent [len(costs)]time.Duration
	var sent [len(costs)]int
	for round := range costRounds {
		for turn := range turns {
			if round%2 == 1 {
				turn = len(turns) - 1 - turn
			}
			if turns[turn].server == nil {
				continue
			}
			used, count, err := costOf(ctx, turns[turn].server, turns[turn].operation, callers, duration/costRounds)
			if err != nil {
				return costs, err
			}
			spent[turn] += used
			sent[turn] += count
		}
	}
	for i := range costs {
		costs[i] = float64(spent[i].Microseconds()) / float64(max(1, sent[i]))
	}
	return costs, nil
}

// costOf returns the processor time that a server uses, and for how many requests.
func costOf(ctx context.Context, server *server, operation operation, callers []caller, duration time.Duration) (time.Duration, int, error) {
	before, err := server.processorTime()
	if err != nil {
		return 0, 0, err
	}
	measured, err := measure(ctx, server.origin, operation, callers, costConnections, duration)
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(costSettle)
	after, err := server.processorTime()
	return after - before, measured.requests, err
}

// startCostServers starts each server on a copy of the data of its own, and tells
// how long that took and how much memory it holds afterwards. The caller must call
// stop in any case.
func startCostServers(ctx context.Context, directory, data string, options options) (servers costServers, stop func() error, err error) {
	var running []*server
	stop = func() (err error) {
		for _, server := range running {
			err = errors.Join(err, server.stop())
		}
		return err
	}
	fmt.Println("| server | start to the first answer (s) | resident memory after it (MiB) |")
	fmt.Println("|---|---|---|")
	carebase := "carebase"
	if options.profile != "" {
		carebase = "carebase/internal/bench/profiled"
	}
	for _, one := range []struct {
		name, command string
		place         **server
		environment   []string
	}{
		{"floor", "carebase/internal/bench/floor", &servers.floor, nil},
		{"stock PocketBase", "carebase/internal/bench/stock", &servers.stock, nil},
		{"stock PocketBase, synchronous=FULL", "carebase/internal/bench/stock", &servers.durable, []string{"SYNCHRONOUS=FULL"}},
		{"Carebase, SQLite", carebase, &servers.sqlite, profiledIn(options.profile, "sqlite")},
		{"Carebase, PostgreSQL", carebase, &servers.postgres, append(profiledIn(options.profile, "postgres"), "DATABASE_URL="+options.postgres)},
	} {
		if one.place == &servers.postgres && options.postgres == "" {
			continue
		}
		own := filepath.Join(directory, "data of "+one.name)
		binary, err := build(ctx, directory, one.command)
		if err == nil {
			err = os.CopyFS(own, os.DirFS(data))
		}
		if err == nil && servers.ofPocketBase(one.place) {
			err = dropTriggers(own)
		}
		if err == nil {
			*one.place, err = startServer(binary, directory, append([]string{"DATA_DIR=" + own, "THROTTLE=True"}, one.environment...)...)
		}
		if err != nil {
			return servers, stop, err
		}
		running = append(running, *one.place)
		memory, err := (*one.place).residentMemory()
		if err != nil {
			return servers, stop, err
		}
		fmt.Printf("| %s | %.2f | %.0f |\n", one.name, (*one.place).started.Seconds(), float64(memory)/(1<<20))
		if one.place == &servers.sqlite {
			if err := options.keep(map[string]float64{"process.memory": math.Round(float64(memory) / 1e6)}); err != nil {
				return servers, stop, err
			}
		}
	}
	fmt.Println()
	return servers, stop, nil
}

// profiledIn returns the environment of a server that writes profiles, in a
// directory of its own; nil if none does.
func profiledIn(directory, engine string) []string {
	if directory == "" {
		return nil
	}
	return []string{"PROFILE_DIR=" + filepath.Join(directory, engine)}
}
