package recent_test

import (
	"strconv"
	"testing"

	"carebase/internal/recent"
)

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	const size = 100
	cache := recent.NewCache[int](size)
	cache.Put("used", -1)
	for i := range 10 * size {
		cache.Put(strconv.Itoa(i), i)
		if value, found := cache.Get("used"); !found || value != -1 {
			t.Fatalf("after %d others: got %d, %t", i, value, found)
		}
	}
	kept := 0
	for i := range 10 * size {
		if value, found := cache.Get(strconv.Itoa(i)); found && value == i {
			kept++
		}
	}
	if kept == 0 || kept > size {
		t.Errorf("kept %d of %d", kept, size)
	}
}
