package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// floodSize is how many logins come at once, again and again.
	floodSize = 200
	// floodRounds is how often views are measured alone and in the flood, in turns,
	// so that whatever else the machine does hits both.
	floodRounds = 4
)

// measureFlood measures views by signed-in users, alone and while others sign in,
// on each of the engines.
func measureFlood(ctx context.Context, binary, directory string, engines []engine, callers []caller, duration time.Duration) error {
	fmt.Printf("| engine | connections | view alone p50, p99 (ms) | under %d logins at once p50, p99 (ms) | p99, flooded to alone | logins per second |\n", floodSize)
	fmt.Println("|---|---|---|---|---|---|")
	for _, engine := range engines {
		if err := measureFloodOn(ctx, binary, directory, engine, callers, duration); err != nil {
			return fmt.Errorf("%s: %w", engine.name, err)
		}
	}
	return nil
}

func measureFloodOn(ctx context.Context, binary, directory string, engine engine, callers []caller, duration time.Duration) (err error) {
	server, err := startServer(binary, directory, engine.environment...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	for _, connections := range []int{1, 4} {
		var alone, flooded []result
		var logins int64
		for round := range 2 * floodRounds {
			stop := func() int64 { return 0 }
			inFlood := (round+round/2)%2 == 1 // alone, flooded, flooded, alone, ...
			if inFlood {
				stop = startFlood(ctx, server.origin, len(callers))
			}
			measured, err := measure(ctx, server.origin, operations[2], callers, connections, duration)
			logins += stop()
			if err != nil {
				return err
			}
			if inFlood {
				flooded = append(flooded, measured)
			} else {
				alone = append(alone, measured)
			}
		}
		quiet, busy := mean(alone), mean(flooded)
		fmt.Printf("| %s | %d | %s | %s | %.1f | %.0f |\n", engine.name, connections, milliseconds(quiet), milliseconds(busy),
			float64(busy.p99)/float64(quiet.p99), float64(logins)/floodRounds/duration.Seconds())
	}
	return nil
}

func mean(results []result) (sum result) {
	count := time.Duration(len(results))
	for _, one := range results {
		sum.p50 += one.p50 / count
		sum.p99 += one.p99 / count
		sum.rate += one.rate / float64(count)
	}
	return sum
}

// startFlood has that many logins under way until it is stopped, which returns how
// many of them have succeeded.
func startFlood(ctx context.Context, origin string, users int) (stop func() int64) {
	ctx, cancel := context.WithCancel(ctx)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: floodSize}}
	var succeeded atomic.Int64
	var group sync.WaitGroup
	for worker := range floodSize {
		body := fmt.Sprintf(`{"email":"user%d@example.com","password":"%s"}`, worker%users, password)
		group.Go(func() {
			for ctx.Err() == nil {
				if login(ctx, client, origin, body) == http.StatusOK {
					succeeded.Add(1)
				}
			}
		})
	}
	return func() int64 {
		cancel()
		group.Wait()
		client.CloseIdleConnections()
		return succeeded.Load()
	}
}

// login returns the status of the answer, 0 if there is none.
func login(ctx context.Context, client *http.Client, origin, body string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/api/auth/login/", strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
