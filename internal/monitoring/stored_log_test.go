package monitoring

import "testing"

func TestStoredLogIsBounded(t *testing.T) {
	log := &storedLog{}
	const surplus = 5
	for range maxStoredWaiting + surplus {
		log.add(storedRow{})
	}
	if len(log.waiting) != maxStoredWaiting || log.dropped != surplus {
		t.Errorf("%d wait, %d dropped", len(log.waiting), log.dropped)
	}
}
