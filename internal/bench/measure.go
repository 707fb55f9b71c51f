package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// operation is a request of the documented API.
type operation struct {
	name, method string
	// path is for a caller's patient, body for a caller; nil for none.
	path   func(patient string) string
	body   func(user string) string
	status int
}

func fixed(path string) func(string) string { return func(string) string { return path } }

func ofPatient(patient string) string { return "/api/patients/" + patient + "/" }

func newPatient(user string) string {
	return `{"name":"New","age":34,"notes":"Diabetic","created_by":"` + user + `"}`
}

func change(string) string { return `{"age":35}` }

var operations = []operation{
	{"list, all of one user's", "GET", fixed("/api/patients/"), nil, http.StatusOK},
	{"list, a page of 50", "GET", fixed("/api/patients/?page=1&page_size=50"), nil, http.StatusOK},
	{"view", "GET", ofPatient, nil, http.StatusOK},
	{"create", "POST", fixed("/api/patients/"), newPatient, http.StatusCreated},
	{"update", "PATCH", ofPatient, change, http.StatusOK},
}

// result is what one measurement came to.
type result struct {
	p50, p99 time.Duration
	rate     float64 // requests a second
	requests int     // all that were sent, those that warm up included
}

// compare measures each operation on both engines, one after the other. What
// creates comes late, so that lists are of the same length on both.
func compare(ctx context.Context, sqlite, postgres string, callers []caller, options options) error {
	fmt.Println("| operation | connections | SQLite p50, p99 (ms) | per second | PostgreSQL p50, p99 (ms) | per second | throughput, PostgreSQL to SQLite |")
	fmt.Println("|---|---|---|---|---|---|---|")
	var last [2]result // updates through most connections
	for _, operation := range operations {
		for _, connections := range []int{1, 16} {
			var results [2]result
			for i, origin := range []string{sqlite, postgres} {
				var err error
				if results[i], err = measure(ctx, origin, operation, callers, connections, options.time); err != nil {
					return fmt.Errorf("%s on %s: %w", operation.name, origin, err)
				}
			}
			fmt.Printf("| %s | %d | %s | %.0f | %s | %.0f | %.2f |\n", operation.name, connections,
				milliseconds(results[0]), results[0].rate, milliseconds(results[1]), results[1].rate, results[1].rate/results[0].rate)
			last = results
		}
	}
	return options.keep(map[string]float64{"sqlite.writes": math.Round(last[0].rate), "postgres.writes": math.Round(last[1].rate)})
}

func milliseconds(r result) string {
	return fmt.Sprintf("%.2f, %.2f", float64(r.p50.Microseconds())/1000, float64(r.p99.Microseconds())/1000)
}

// measure sends requests over as many connections at the same time. The first
// few requests on each warm up and do not count.
func measure(ctx context.Context, origin string, operation operation, callers []caller, connections int, duration time.Duration) (result, error) {
	const warmUp = 10
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	latencies := make([][]time.Duration, connections)
	failures := make([]error, connections)
	spent := make([]time.Duration, connections)
	var group sync.WaitGroup
	for worker := range connections {
		group.Go(func() {
			for range warmUp {
				if failures[worker] = send(ctx, client, origin, operation, callers); failures[worker] != nil {
					return
				}
			}
			begin := time.Now()
			for time.Since(begin) < duration {
				sent := time.Now()
				if failures[worker] = send(ctx, client, origin, operation, callers); failures[worker] != nil {
					return
				}
				latencies[worker] = append(latencies[worker], time.Since(sent))
			}
			spent[worker] = time.Since(begin)
		})
	}
	group.Wait()
	var outcome result
	for worker, failure := range failures {
		if failure != nil {
			return outcome, failure
		}
		outcome.rate += float64(len(latencies[worker])) / spent[worker].Seconds()
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	outcome.requests = len(all) + warmUp*connections
	outcome.p50, outcome.p99 = all[len(all)/2], all[len(all)*99/100]
	return outcome, nil
}

// send sends one request of a random caller and reads all of its answer.
func send(ctx context.Context, client *http.Client, origin string, operation operation, callers []caller) error {
	caller := callers[rand.IntN(len(callers))]
	path := operation.path(caller.patients[rand.IntN(len(caller.patients))])
	body := ""
	if operation.body != nil {
		body = operation.body(caller.id)
	}
	request, err := http.NewRequestWithContext(ctx, operation.method, origin+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+caller.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != operation.status {
		return fmt.Errorf("%s %s: status %d", operation.method, path, response.StatusCode)
	}
	return nil
}
