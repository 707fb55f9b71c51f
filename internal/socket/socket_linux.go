//go:build !race

package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// largestCall is how many bytes are passed in a call of which the scheduler does not
// know: it cannot stop the world meanwhile.
const largestCall = 16 << 10

// Wrap returns a connection that reads and writes as the given one does, which must
// be used no more. Those that are no sockets come back as they are.
func Wrap(connection net.Conn) net.Conn {
	socket, ok := connection.(syscall.Conn)
	if !ok {
		return connection
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return connection
	}
	c := &conn{Conn: connection, raw: raw, reading: transfer{number: syscall.SYS_READ}, writing: transfer{number: syscall.SYS_WRITE}}
	c.reading.try, c.writing.try = c.reading.move, c.writing.move
	return c
}

// conn is a socket. Go has set it to fail instead of block, and its poller waits.
type conn struct {
	net.Conn
	raw              syscall.RawConn
	reading, writing transfer
}

// transfer is one direction of a connection.
type transfer struct {
	// number is the system call's, of which the scheduler is not told.
	number uintptr
	mutex  sync.Mutex
	// data is what the current call reads into or writes, done of it are so far.
	data  []byte
	done  int
	errno syscall.Errno
	// try is move, bound once: each transfer would allocate it.
	try func(descriptor uintptr) (isOver bool)
}

// Read implements net.Conn.
func (c *conn) Read(data []byte) (int, error) {
	if len(data) == 0 {
		return c.Conn.Read(data)
	}
	read, err := c.reading.run(c.raw.Read, data[:min(len(data), largestCall)])
	if read == 0 && err == nil {
		return 0, io.EOF
	}
	return read, c.describe("read", err)
}

// Write implements net.Conn.
func (c *conn) Write(data []byte) (int, error) {
	if len(data) > largestCall {
		return c.Conn.Write(data)
	}
	written, err := c.writing.run(c.raw.Write, data)
	return written, c.describe("write", err)
}

// CloseWrite closes the writing side.
func (c *conn) CloseWrite() error {
	if closer, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return closer.CloseWrite()
	}
	return errors.ErrUnsupported
}

// describe returns a failure as package net does.
func (c *conn) describe(call string, err error) error {
	if failed, ok := errors.AsType[*net.OpError](err); ok {
		failed.Op = call // instead of raw-read
	}
	if errno, ok := err.(syscall.Errno); ok {
		return &net.OpError{Op: call, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(call, errno)}
	}
	return err
}

// run makes calls until one is over; waitFor waits between them.
func (t *transfer) run(waitFor func(func(uintptr) bool) error, data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.data, t.done, t.errno = data, 0, 0
	err := waitFor(t.try)
	t.data = nil
	if err == nil && t.errno != 0 {
		err = t.errno
	}
	return t.done, err
}

// move makes calls until one would block, or the transfer is over: all is written, or
// something is read.
func (t *transfer) move(descriptor uintptr) (isOver bool) {
	for t.done < len(t.data) {
		rest := t.data[t.done:]
		moved, _, errno := syscall.RawSyscall(t.number, descriptor, uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)))
		switch errno {
		case syscall.EAGAIN:
			return false
		case syscall.EINTR:
			continue
		case 0:
			t.done += int(moved)
		default:
			t.errno = errno
		}
		if t.errno != 0 || t.number == syscall.SYS_READ {
			return true
		}
	}
	return true
}
