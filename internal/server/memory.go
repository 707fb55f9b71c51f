package server

import "sync"

// heapReserve counts as part of the heap, but is never written to and so takes no memory.
// The garbage collector runs whenever the heap has doubled: with a few megabytes alone,
// that is many times a second, and a tenth of the processor time of requests.
var heapReserve []byte

const heapReserveBytes = 16 << 20

// settleMemory prepares the process's memory for requests, once its start is done.
var settleMemory = sync.OnceFunc(func() {
	heapReserve = make([]byte, heapReserveBytes)
	release(heapReserve) // it has been written to if it was used before
	releaseStartPages()
})
