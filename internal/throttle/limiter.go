package throttle

import (
	"sync"
	"time"

	"carebase/internal/config"
)

// maxKeys is how many callers a limiter remembers at once.
const maxKeys = 100_000

// limiter bounds how often each key may do something: as many times at once as
// the rate has requests, and again as they come back one by one. It is the
// generic cell rate algorithm, which keeps one time for each key.
type limiter struct {
	rate config.Rate

	mutex sync.Mutex
	// full is when a key will have all its requests again. Keys of the past are
	// as good as unknown.
	full map[string]time.Time
}

func newLimiter(rate config.Rate) *limiter {
	return &limiter{rate: rate, full: map[string]time.Time{}}
}

// take takes one of the key's requests, or returns how long to wait for it.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	full, wait := l.after(key, now)
	if wait > 0 {
		return wait
	}
	if len(l.full) >= maxKeys {
		l.forget(now)
	}
	l.full[key] = full
	return 0
}

// look returns how long to wait for a request without taking it.
func (l *limiter) look(key string, now time.Time) (wait time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, wait = l.after(key, now)
	return wait
}

// after is when the key would be full again after one more request, and how
// long that request would have to wait.
func (l *limiter) after(key string, now time.Time) (full time.Time, wait time.Duration) {
	full = l.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.rate.Period / time.Duration(l.rate.Requests))
	return full, full.Sub(now) - l.rate.Period
}

// forget makes room: for whom nothing is lost first, then for whoever comes
// first in the map's order.
func (l *limiter) forget(now time.Time) {
	for key, full := range l.full {
		if !full.After(now) {
			delete(l.full, key)
		}
	}
	for key := range l.full {
		if len(l.full) < maxKeys*9/10 {
			return
		}
		delete(l.full, key)
	}
}
