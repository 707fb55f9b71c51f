// Package socket makes small reads and writes of network connections cheap. Go's
// scheduler prepares for each system call to block: while one takes longer than 20
// microseconds, it starts another thread to go on with the rest. A connection's
// calls never block, but passing a message on to a process of the same machine takes
// about as long.
package socket
