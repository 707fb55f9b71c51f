package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// streamRounds is how often creating is measured alone and beside subscribers.
	streamRounds = 3
	// ticksPerSecond is the unit of processor times in /proc.
	ticksPerSecond = 100
)

// measureStreams measures what subscribers add to the processor time of creating a
// patient: those whom it does not concern, and those of its owner.
func measureStreams(ctx context.Context, options options) (err error) {
	if options.users < 2 || options.patients < options.users || options.time <= 0 {
		return errors.New("usage: go run ./internal/bench -streams [-users 20] [-patients 200] [-time 3s]")
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
	binary, err := build(ctx, directory, "carebase")
	if err != nil {
		return err
	}
	server, err := startServer(binary, directory, "DATA_DIR="+data, "REALTIME_MAX_CLIENTS=10000", "REALTIME_MAX_SUBSCRIPTIONS=1000")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	fmt.Println("| subscribers | processor per create alone (ms) | beside them (ms) | ratio | per subscriber (µs) | answer p50, p99 (ms) | resident memory per subscriber (kB) |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, kind := range []struct {
		name  string
		count int
		own   bool
	}{{"300 of other owners", 300, false}, {"2,000 of other owners", 2000, false}, {"500 of the owner", 500, true}} {
		of := callers[1:]
		if kind.own {
			of = callers[:1]
		}
		if err := server.beside(ctx, kind.name, kind.count, of, callers[0], options.time); err != nil {
			return err
		}
	}
	return nil
}

// beside measures creating alone, then beside subscribers, then again.
func (s *server) beside(ctx context.Context, name string, count int, of []caller, writer caller, duration time.Duration) error {
	var alone, busy, memory []float64
	var latencies []time.Duration
	for range streamRounds {
		cost, _, err := s.creating(ctx, writer, duration, func(int) error { return nil })
		if err != nil {
			return err
		}
		alone = append(alone, cost)
		before, err := s.resident()
		if err != nil {
			return err
		}
		open, err := s.subscribe(ctx, count, of)
		if err != nil {
			return err
		}
		after, err := s.resident()
		if err != nil {
			return err
		}
		memory = append(memory, float64(after-before)/float64(count))
		cost, taken, err := s.creating(ctx, writer, duration, func(created int) error {
			if of[0].id != writer.id {
				return nil
			}
			return open.await(int64(created) * int64(count))
		})
		open.close()
		if err != nil {
			return err
		}
		busy, latencies = append(busy, cost), append(latencies, taken...)
	}
	slices.Sort(latencies)
	shown := result{p50: latencies[len(latencies)/2], p99: latencies[len(latencies)*99/100]}
	a, b := median(alone), median(busy)
	fmt.Printf("| %s | %.2f | %.2f | %.2f | %.1f | %s | %.1f |\n", name, a, b, b/a, (b-a)*1000/float64(count), milliseconds(shown), slices.Max(memory))
	return nil
}

// creating returns the processor time that the server takes for a create, in
// milliseconds, and how long the answers took.
func (s *server) creating(ctx context.Context, writer caller, duration time.Duration, await func(created int) error) (float64, []time.Duration, error) {
	before, err := s.processor()
	if err != nil {
		return 0, nil, err
	}
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	var latencies []time.Duration
	for begin := time.Now(); time.Since(begin) < duration; {
		sent := time.Now()
		if err := send(ctx, client, s.origin, operations[3], []caller{writer}); err != nil {
			return 0, nil, err
		}
		latencies = append(latencies, time.Since(sent))
	}
	if err := await(len(latencies)); err != nil {
		return 0, nil, err
	}
	after, err := s.processor()
	return float64((after - before).Microseconds()) / 1000 / float64(len(latencies)), latencies, err
}

// processor returns the processor time of the server so far.
func (s *server) processor() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	const user, system = 11, 12 // after the name, which may have spaces
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := 0
	for _, field := range []int{user, system} {
		count, err := strconv.Atoi(fields[field])
		if err != nil {
			return 0, err
		}
		ticks += count
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// resident returns the server's memory in kB.
func (s *server) resident() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	return strconv.Atoi(strings.Fields(rest)[0])
}

// streams are open realtime connections.
type streams struct {
	open     []net.Conn
	received atomic.Int64
}

func (s *streams) close() {
	for _, each := range s.open {
		_ = each.Close()
	}
}

// await waits until that many events have come.
func (s *streams) await(events int64) error {
	for deadline := time.Now().Add(time.Minute); s.received.Load() < events; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d events came", s.received.Load(), events)
		}
	}
	return nil
}

// subscribe opens connections of users in turn and subscribes them to patients.
func (s *server) subscribe(ctx context.Context, count int, of []caller) (*streams, error) {
	made := &streams{}
	for i := range count {
		if err := made.add(ctx, s.origin, of[i%len(of)]); err != nil {
			made.close()
			return nil, err
		}
	}
	return made, nil
}

func (s *streams) add(ctx context.Context, origin string, user caller) error {
	host := strings.TrimPrefix(origin, "http://")
	connection, err := net.Dial("tcp", host)
	if err != nil {
		return err
	}
	s.open = append(s.open, connection)
	if _, err := fmt.Fprintf(connection, "GET /api/realtime HTTP/1.1\r\nHost: %s\r\n\r\n", host); err != nil {
		return err
	}
	lines := bufio.NewScanner(connection)
	var hello struct{ ClientID string }
	for lines.Scan() && hello.ClientID == "" {
		if data, found := strings.CutPrefix(lines.Text(), "data:"); found {
			if err := json.Unmarshal([]byte(data), &hello); err != nil {
				return err
			}
		}
	}
	body, err := json.Marshal(map[string]any{"clientId": hello.ClientID, "subscriptions": []string{"patients/*"}})
	if err != nil {
		return err
	}
	subscribing := operation{name: "subscribe", method: "POST", path: fixed("/api/realtime"), body: fixed(string(body)), status: http.StatusNoContent}
	if err := send(ctx, http.DefaultClient, origin, subscribing, []caller{user}); err != nil {
		return err
	}
	go func() {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "event:patients/") {
				s.received.Add(1)
			}
		}
	}()
	return nil
}
