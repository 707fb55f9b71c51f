package deletion

import (
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/search"
)

// noteIndex notes the search index of a collection whose records are removed.
func (s *step) noteIndex(collection *core.Collection) {
	index, ok := collections.Get(collection.Name).SearchIndex()
	isKnown := slices.ContainsFunc(s.indexes, func(known search.Index) bool { return known.Table == index.Table })
	if ok && !isKnown && !s.postgreSQL {
		s.indexes = append(s.indexes, index)
	}
}

// keepIndexes takes what was removed out of the search indexes, in short pieces while there
// is time. It has precedence over the next records: a merge takes longest where it finds
// nothing but removed ones.
func (s *step) keepIndexes() error {
	for _, index := range s.indexes {
		for kept := true; kept; kept = kept && time.Now().Before(s.end) {
			var err error
			if kept, err = index.Keep(s.ctx, s.app.DB()); err != nil {
				return err
			}
		}
	}
	return nil
}
