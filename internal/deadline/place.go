package deadline

import "context"

// Place is what a request has while it is worked on, if few of its caller's may be at
// once.
type Place interface {
	// Leave gives the place to another request, if this one has it.
	Leave()
	// Return takes a place again, if this one has none. It does not wait: the request
	// may hold what others wait for.
	Return()
	// Wait takes a place in its turn. It returns false if one of the channels is closed
	// first.
	Wait(gone, over <-chan struct{}) bool
}

// Hold has the work leave its place while the clock is stopped.
func (w *Work) Hold(place Place) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.place = place
}

// Yield lets other requests of the caller have their turn, until ctx ends. The wait is
// not work. Nothing may be held meanwhile that others wait for.
func (w *Work) Yield(ctx context.Context) {
	if w == nil || w.place == nil {
		return
	}
	w.Pause()
	defer w.Resume()
	w.place.Wait(ctx.Done(), nil)
}

// Elsewhere runs what waits for another server, which may be this one: the clock goes
// on, but the place is left. Without work it runs.
func (w *Work) Elsewhere(run func()) {
	if w == nil {
		run()
		return
	}
	w.mutex.Lock()
	w.leave()
	w.mutex.Unlock()
	defer func() {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.back()
	}()
	run()
}

// leave gives the place away until as many calls of back. The caller holds the mutex.
func (w *Work) leave() {
	if w.away++; w.away == 1 && w.place != nil {
		w.place.Leave()
	}
}

func (w *Work) back() {
	if w.away--; w.away == 0 && w.place != nil {
		w.place.Return()
	}
}
