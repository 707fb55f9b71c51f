package hooks

import "time"

// BeImpatient makes the server's timeouts as short as tests need them.
func BeImpatient(timeout time.Duration) (restore func()) {
	header, body, idle, reader := headerTimeout, bodyTimeout, idleTimeout, readerTimeout
	headerTimeout, bodyTimeout, idleTimeout, readerTimeout = timeout, timeout, timeout, timeout
	return func() { headerTimeout, bodyTimeout, idleTimeout, readerTimeout = header, body, idle, reader }
}
