package sqlite

import "testing"

// TestDataVersion writes through the process's pool and through another.
func TestDataVersion(t *testing.T) {
	p := newSharedPool(t)
	version := func() int64 {
		found, isKnown, err := DataVersion(t.Context(), p.writer)
		if err != nil || !isKnown {
			t.Fatalf("got %v, %v", isKnown, err)
		}
		return found
	}
	for range 3 {
		before := version()
		p.exec("INSERT INTO t VALUES ('own')")
		if after := version(); after != before {
			t.Errorf("after an own write %d, before %d", after, before)
		}
		if _, err := p.reader.NewQuery("INSERT INTO t VALUES ('another')").Execute(); err != nil {
			t.Fatal(err)
		}
		if after := version(); after == before {
			t.Errorf("%d after another's write, as before", after)
		}
	}
}
