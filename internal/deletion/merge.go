package deletion

import (
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/search"
)

// holdMerges keeps SQLite from merging the search index of a collection's records as
// they are removed: how long that takes depends on all that is in the index.
func (s *step) holdMerges(collection *core.Collection) error {
	index, ok := collections.Get(collection.Name).SearchIndex()
	isHeld := slices.ContainsFunc(s.held, func(held search.Index) bool { return held.Table == index.Table })
	if !ok || isHeld || s.postgreSQL {
		return nil
	}
	s.held = append(s.held, index)
	return index.HoldMerges(s.ctx, s.app.DB())
}

// merge merges instead, in short pieces while there is time. It has precedence over the
// next records: a merge takes longest where it finds nothing but removed ones.
func (s *step) merge() error {
	for _, index := range s.held {
		for merged := true; merged; merged = merged && time.Now().Before(s.end) {
			var err error
			if merged, err = index.Merge(s.ctx, s.app.DB()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *step) releaseMerges() error {
	for _, index := range s.held {
		if err := index.ReleaseMerges(s.ctx, s.app.DB()); err != nil {
			return err
		}
	}
	return nil
}
