// Package recent is a bounded cache in memory of what was used lately.
package recent

import "sync"

// Cache holds values by key. It forgets those that were not used lately. It is safe
// for concurrent use; callers must not change values that others may hold.
type Cache[V any] struct {
	half          int
	mutex         sync.Mutex
	recent, older map[string]V
}

// NewCache returns a cache of at most size values.
func NewCache[V any](size int) *Cache[V] {
	return &Cache[V]{half: max(1, size/2), recent: map[string]V{}}
}

// Get returns the value of a key, if the cache still has it.
func (c *Cache[V]) Get(key string) (value V, found bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if value, found = c.recent[key]; found {
		return value, true
	}
	if value, found = c.older[key]; found {
		c.put(key, value)
	}
	return value, found
}

// Put stores a value.
func (c *Cache[V]) Put(key string, value V) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.put(key, value)
}

func (c *Cache[V]) put(key string, value V) {
	if len(c.recent) >= c.half {
		c.older, c.recent = c.recent, make(map[string]V, c.half)
	}
	c.recent[key] = value
}
