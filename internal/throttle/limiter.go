package throttle

import (
	"sync"
	"time"

	"carebase/internal/config"
)

// maxKeys is how many keys a limiter remembers at once.
const maxKeys = 100_000

// limiter limits the requests of each key to a rate: as many at once as the
// rate has requests, which then become available again one by one. It is the
// generic cell rate algorithm, which stores one time per key.
type limiter struct {
	rate config.Rate

	mutex sync.Mutex
	// full is when each key will have all its requests again. A key with a time
	// in the past need not be remembered.
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
		l.evict(now)
	}
	l.full[key] = full
	return 0
}

// peek returns how long to wait for a request, without taking it.
func (l *limiter) peek(key string, now time.Time) (wait time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, wait = l.after(key, now)
	return wait
}

// after returns when the key would be full again after one more request, and
// how long that request must wait.
func (l *limiter) after(key string, now time.Time) (full time.Time, wait time.Duration) {
	full = l.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.rate.Period / time.Duration(l.rate.Requests))
	return full, full.Sub(now) - l.rate.Period
}

// evict removes idle keys first, then arbitrary ones.
func (l *limiter) evict(now time.Time) {
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
