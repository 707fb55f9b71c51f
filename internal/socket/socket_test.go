package socket_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"carebase/internal/socket"
)

// pair returns the two ends of a connection over a kind of socket; the first is wrapped.
func pair(t *testing.T, network string) (wrapped, other net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := net.Dial(network, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = dialled.Close(), accepted.Close() })
	// So that a call writes a part only.
	if err := accepted.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(1); err != nil {
		t.Fatal(err)
	}
	return socket.Wrap(accepted), dialled
}

// TestConnections holds wrapped connections to what Go asks of any.
func TestConnections(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
				wrapped, other := pair(t, network)
				return wrapped, socket.Wrap(other), func() { _, _ = wrapped.Close(), other.Close() }, nil
			})
		})
	}
}

// TestLargeMessages sends more than one call passes and more than the system buffers.
func TestLargeMessages(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			wrapped, other := pair(t, network)
			sent := make([]byte, 8<<20)
			_, _ = rand.Read(sent)
			for name, ends := range map[string][2]net.Conn{"written": {wrapped, other}, "read": {other, wrapped}} {
				failed := make(chan error, 1)
				go func() {
					for rest, size := sent, 1; len(rest) > 0; size = size*2 + 1 {
						written, err := ends[0].Write(rest[:min(size, len(rest))])
						if err != nil {
							failed <- err
							return
						}
						rest = rest[written:]
						size %= 20_000 // some above and some below what a single call passes
					}
					failed <- nil
				}()
				received := make([]byte, len(sent))
				if _, err := io.ReadFull(ends[1], received); err != nil || !bytes.Equal(received, sent) {
					t.Fatalf("%s: %v, or not the same bytes", name, err)
				}
				if err := <-failed; err != nil {
					t.Fatal(name, err)
				}
			}
		})
	}
}

// TestFailures holds the errors to those of package net.
func TestFailures(t *testing.T) {
	wrapped, other := pair(t, "tcp")
	_ = wrapped.SetReadDeadline(time.Now().Add(-time.Second))
	if _, err := wrapped.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || !strings.HasPrefix(err.Error(), "read tcp 127.0.0.1") {
		t.Error("late:", err)
	}
	_ = wrapped.SetReadDeadline(time.Time{})
	if err := wrapped.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	if read, err := other.Read(make([]byte, 1)); read != 0 || err != io.EOF {
		t.Error("after CloseWrite:", read, err)
	}
	_ = other.(*net.TCPConn).SetLinger(0) // resets the connection
	_ = other.Close()
	_, err := wrapped.Read(make([]byte, 1))
	var failed *net.OpError
	if !errors.As(err, &failed) || failed.Op != "read" || !strings.Contains(err.Error(), "connection reset by peer") {
		t.Error("reset:", err)
	}
	_ = wrapped.Close()
	if _, err := wrapped.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error("closed:", err)
	}
}

// TestOtherConnections leaves those alone that are no sockets.
func TestOtherConnections(t *testing.T) {
	one, other := net.Pipe()
	defer other.Close()
	if socket.Wrap(one) != one {
		t.Error("a pipe in memory is no socket")
	}
}
