package simulation

import (
	"container/heap"
	"math/rand/v2"
	"slices"
)

// kind is a kind of request with how often it comes and what it takes.
type kind struct {
	rate      float64 // a second
	processor float64 // seconds
	// writer is how long the one writer of the database is held, in seconds.
	writer float64
	// after is the processor time of what follows the answer, in seconds.
	after float64
}

// outcome is what a simulated hour comes to.
type outcome struct {
	// p99 is the 99th percentile of the time until a request is answered, in seconds.
	p99 float64
	// processor and writer are the shares of the time that all cores and the writer
	// are busy.
	processor, writer float64
}

// simulated is how many requests are simulated.
const simulated = 100_000

// simulate has requests of all kinds arrive at random and wait for a core, first
// come, first served; those that write then wait for the writer. What follows an
// answer takes a core, too.
func simulate(kinds []kind, cores int) outcome {
	random := rand.New(rand.NewPCG(1, 2))
	total := 0.0
	for _, each := range kinds {
		total += each.rate
	}
	free := make(times, cores) // when each core is free
	var now, writerFree, busy, writing float64
	waits := make([]float64, 0, simulated)
	for range simulated {
		now += random.ExpFloat64() / total
		arrived := pick(kinds, random.Float64()*total)
		begin := max(now, free[0])
		done := begin + arrived.processor
		free[0] = done + arrived.after
		heap.Fix(&free, 0)
		busy += arrived.processor + arrived.after
		if arrived.writer > 0 {
			done = max(done, writerFree) + arrived.writer
			writerFree = done
			writing += arrived.writer
		}
		waits = append(waits, done-now)
	}
	slices.Sort(waits)
	return outcome{p99: waits[len(waits)*99/100], processor: busy / now / float64(cores), writer: writing / now}
}

func pick(kinds []kind, at float64) kind {
	for _, each := range kinds {
		if at -= each.rate; at < 0 {
			return each
		}
	}
	return kinds[len(kinds)-1]
}

// times is a heap of points in time.
type times []float64

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i] < t[j] }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface.
func (t *times) Push(value any) { *t = append(*t, value.(float64)) }

// Pop implements heap.Interface.
func (t *times) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
