package throttle

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"carebase/internal/socket"
)

const (
	// maxConnections is how many connections one address may have open.
	maxConnections = 1000
	// writeChunk is how much a client must accept within WriteTimeout.
	writeChunk = 64 << 10
)

// Listener limits the connections of each address and closes those whose client
// stops reading.
type Listener struct {
	net.Listener
	// Exempt are networks whose addresses have no limit, such as those of
	// proxies.
	Exempt []netip.Prefix
	// WriteTimeout is how long a client may take to accept each 64 KiB,
	// independent of the duration of the whole response.
	WriteTimeout time.Duration

	mutex sync.Mutex
	open  map[netip.Addr]int
}

// Accept returns the next connection. It closes connections of addresses that
// have too many open.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		client := network(accepted.RemoteAddr())
		if l.enter(client) {
			return &connection{Conn: socket.Wrap(accepted), timeout: l.WriteTimeout, leave: sync.OnceFunc(func() { l.leave(client) })}, nil
		}
		_ = accepted.Close()
	}
}

func (l *Listener) enter(client netip.Addr) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	isExempt := slices.ContainsFunc(l.Exempt, func(proxies netip.Prefix) bool { return proxies.Contains(client) })
	if l.open[client] >= maxConnections && !isExempt {
		return false
	}
	if l.open == nil {
		l.open = map[netip.Addr]int{}
	}
	l.open[client]++
	return true
}

func (l *Listener) leave(client netip.Addr) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.open[client]--; l.open[client] == 0 {
		delete(l.open, client)
	}
}

// network returns the origin of a connection.
func network(remote net.Addr) netip.Addr {
	address, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return netip.Addr{}
	}
	return origin(address.Addr().Unmap().WithZone(""))
}

// connection gives each write its own deadline, in addition to the server's for
// the whole response.
type connection struct {
	net.Conn
	timeout time.Duration
	leave   func()
	// deadline is the server's deadline in Unix nanoseconds; 0 for none.
	deadline atomic.Int64
}

func (c *connection) SetWriteDeadline(deadline time.Time) error {
	c.note(deadline)
	return c.Conn.SetWriteDeadline(deadline)
}

func (c *connection) SetDeadline(deadline time.Time) error {
	c.note(deadline)
	return c.Conn.SetDeadline(deadline)
}

func (c *connection) note(deadline time.Time) {
	if deadline.IsZero() {
		c.deadline.Store(0)
		return
	}
	c.deadline.Store(deadline.UnixNano())
}

func (c *connection) Write(data []byte) (written int, err error) {
	for chunk := range slices.Chunk(data, writeChunk) {
		deadline := time.Now().Add(c.timeout)
		if whole := c.deadline.Load(); whole != 0 && whole < deadline.UnixNano() {
			deadline = time.Unix(0, whole)
		}
		if err := c.Conn.SetWriteDeadline(deadline); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(chunk)
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// CloseWrite closes the writing side, so that the server can end a response
// before it has read the request and the client can still receive it.
func (c *connection) CloseWrite() error {
	if closer, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return closer.CloseWrite()
	}
	return nil
}

func (c *connection) Close() error {
	c.leave()
	return c.Conn.Close()
}
