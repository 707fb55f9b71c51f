package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// streams are open realtime connections.
type streams struct {
	open []net.Conn
	// each is how many events a write causes; awaited are those that have been waited for.
	each, awaited int64
	received      atomic.Int64
	// topic is what they subscribe to.
	topic string
}

func (s *streams) close() {
	for _, each := range s.open {
		_ = each.Close()
	}
}

// await waits until all events of one more write have come.
func (s *streams) await() error {
	s.awaited += s.each
	for deadline := time.Now().Add(time.Minute); s.received.Load() < s.awaited; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d events came", s.received.Load(), s.awaited)
		}
	}
	return nil
}

// subscribe opens connections of users in turn and subscribes them to a collection.
func (s *server) subscribe(ctx context.Context, count int, collection string, of []caller) (*streams, error) {
	made := &streams{topic: collection + "/*"}
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
	body, err := json.Marshal(map[string]any{"clientId": hello.ClientID, "subscriptions": []string{s.topic}})
	if err != nil {
		return err
	}
	subscribing := operation{name: "subscribe", method: "POST", path: fixed("/api/realtime"), body: fixed(string(body)), status: http.StatusNoContent}
	if err := send(ctx, http.DefaultClient, origin, subscribing, []caller{user}); err != nil {
		return err
	}
	go func() {
		for lines.Scan() {
			if lines.Text() == "event:"+s.topic {
				s.received.Add(1)
			}
		}
	}()
	return nil
}
