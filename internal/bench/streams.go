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
	"time"

	"carebase/internal/collections"
)

// streamRounds is how often creating is measured on each of the two servers.
const streamRounds = 8

// screens are subscribers to all records that each user sees of a collection.
type screens struct {
	name       string
	count      int
	collection string
	// own is whether the records that are created are theirs.
	own bool
	// parameters are the names of what is measured for the simulation.
	memory, connect, event string
}

var screenKinds = []screens{
	{name: "2,000 of other owners", count: 2000, collection: collections.Patients, memory: "screen.memory", connect: "screen.connect"},
	{name: "500 of the owner", count: 500, collection: collections.Patients, own: true},
	{name: "500, each of another user who sees it", count: 500, collection: collections.Doctors, event: "screen.event"},
}

// creates makes the requests for records of a collection.
var creates = map[string]operation{
	collections.Patients: operations[3],
	collections.Doctors:  {"create a doctor", http.MethodPost, fixed("/api/doctors/"), fixed(`{"name":"Gregory","speciality":"Nephrology"}`), http.StatusCreated},
}

// sees reports whether the subscribers are sent what is created: everybody sees
// doctors.
func (s screens) sees() bool { return s.own || s.collection == collections.Doctors }

// measureStreams measures what subscribers add to the processor time of creating a
// record: those whom it does not concern, those of its owner, and those of other users
// who see it. A server with the subscribers and one without take turns, each on a copy of
// the same data.
func measureStreams(ctx context.Context, options options) (err error) {
	if options.users < 2 || options.patients < options.users || options.time <= 0 {
		return errors.New("usage: go run ./internal/bench -streams [-users 501] [-patients 1002] [-time 3s]")
	}
	directory, err := os.MkdirTemp("", "carebase-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	data := filepath.Join(directory, "pb_data")
	callers, err := fill(data, options.users, options.patients)
	if err != nil {
		return err
	}
	command := "carebase"
	if options.profile != "" {
		command = "carebase/internal/bench/profiled"
	}
	binary, err := build(ctx, directory, command)
	if err != nil {
		return err
	}
	fmt.Println("| subscribers | processor per create without them (ms) | with them (ms) | ratio (lowest to highest of the turns) | per subscriber (µs) | answer without them p50, p99 (ms) | with them p50, p99 (ms) | resident memory per idle subscriber (kB) | processor per connection (µs) |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for i, kind := range screenKinds {
		if options.only != "" && options.only != kind.name {
			continue
		}
		own := filepath.Join(directory, fmt.Sprint(i))
		if err := kind.measure(ctx, binary, own, data, options, callers); err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return nil
}

// startScreens starts a server on a copy of the data, which takes any number of screens.
func startScreens(binary, own, data string, options options) (*server, error) {
	if err := os.CopyFS(own, os.DirFS(data)); err != nil {
		return nil, err
	}
	environment := []string{"DATA_DIR=" + own, "REALTIME_MAX_CLIENTS=10000", "REALTIME_MAX_SUBSCRIPTIONS=1000"}
	if options.profile != "" {
		environment = append(environment, "PROFILE_DIR="+filepath.Join(options.profile, filepath.Base(own)))
	}
	return startServer(binary, own, environment...)
}

// measure starts both servers and prints a line.
func (s screens) measure(ctx context.Context, binary, directory, data string, options options, callers []caller) (err error) {
	var servers [2]*server
	for i, name := range []string{"without", "with"} {
		if servers[i], err = startScreens(binary, filepath.Join(directory, name), data, options); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, servers[i].stop()) }()
	}
	of := callers[1:]
	if s.own {
		of = callers[:1]
	}
	var without, with turns
	nobody := &streams{}
	if err := errors.Join(without.create(ctx, servers[0], nobody, s.collection, callers[0], options.time), with.create(ctx, servers[1], nobody, s.collection, callers[0], options.time)); err != nil {
		return err
	}
	open, memory, connecting, err := s.connectTo(ctx, servers[1], of)
	if err != nil {
		return err
	}
	defer open.close()
	if s.sees() {
		open.each = int64(s.count)
	}
	without, with = turns{}, turns{} // those before were to warm up
	for range streamRounds {
		if err := without.create(ctx, servers[0], nobody, s.collection, callers[0], options.time); err != nil {
			return err
		}
		if err := with.create(ctx, servers[1], open, s.collection, callers[0], options.time); err != nil {
			return err
		}
	}
	a, b := without.cost(), with.cost()
	ratios := with.ratios(without)
	fmt.Printf("| %s | %.2f | %.2f | %.2f (%.2f to %.2f) | %.1f | %s | %s | %.1f | %.0f |\n", s.name, a, b, b/a, slices.Min(ratios), slices.Max(ratios), (b-a)*1000/float64(s.count),
		milliseconds(without.answers()), milliseconds(with.answers()), memory, connecting)
	measured := map[string]float64{s.memory: memory, s.connect: connecting, s.event: (b - a) * 1000 / float64(s.count)}
	delete(measured, "") // what is not for the simulation
	for name, value := range measured {
		measured[name] = math.Round(value)
	}
	return options.keep(measured)
}

// connectTo subscribes, and returns what each subscriber takes of the server: memory in
// kilobytes, and processor time in microseconds.
func (s screens) connectTo(ctx context.Context, server *server, of []caller) (open *streams, memory, connecting float64, err error) {
	before, err := server.residentMemory()
	if err != nil {
		return nil, 0, 0, err
	}
	spent, err := server.processorTime()
	if err != nil {
		return nil, 0, 0, err
	}
	if open, err = server.subscribe(ctx, s.count, s.collection, of); err != nil {
		return nil, 0, 0, err
	}
	connected, err := server.processorTime()
	if err == nil {
		connecting = float64((connected - spent).Microseconds()) / float64(s.count)
		var after int64
		after, err = server.residentMemory()
		memory = float64(after-before) / 1000 / float64(s.count)
	}
	if err != nil {
		open.close()
		return nil, 0, 0, err
	}
	return open, memory, connecting, nil
}

// turns are what creating took a server.
type turns struct {
	spent     []time.Duration
	created   []int
	latencies []time.Duration
}

// create creates patients for the duration, one once the one before has been
// delivered. The processor time includes what is stored after the answers.
func (t *turns) create(ctx context.Context, server *server, subscribers *streams, collection string, writer caller, duration time.Duration) error {
	before, err := server.processorTime()
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	created := 0
	for begin := time.Now(); time.Since(begin) < duration; created++ {
		sent := time.Now()
		if err := send(ctx, client, server.origin, creates[collection], []caller{writer}); err != nil {
			return err
		}
		t.latencies = append(t.latencies, time.Since(sent))
		if err := subscribers.await(); err != nil {
			return err
		}
	}
	time.Sleep(costSettle)
	after, err := server.processorTime()
	t.spent, t.created = append(t.spent, after-before), append(t.created, created)
	return err
}

// cost returns the processor time of a create in milliseconds.
func (t *turns) cost() float64 {
	var spent time.Duration
	created := 0
	for i := range t.spent {
		spent += t.spent[i]
		created += t.created[i]
	}
	return float64(spent.Microseconds()) / 1000 / float64(max(1, created))
}

// ratios returns the cost of each turn compared with the other's.
func (t *turns) ratios(to turns) (found []float64) {
	for i := range t.spent {
		a, b := turns{spent: to.spent[i : i+1], created: to.created[i : i+1]}, turns{spent: t.spent[i : i+1], created: t.created[i : i+1]}
		found = append(found, b.cost()/a.cost())
	}
	return found
}

func (t *turns) answers() result {
	sorted := slices.Sorted(slices.Values(t.latencies))
	return result{p50: sorted[len(sorted)/2], p99: sorted[len(sorted)*99/100]}
}
