package audit

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// Where events come in numbers, they are sealed at once: on SQLite their rows and the index
// of patients are most of what they cost, and each event of another patient is on another
// page of that index.

const (
	// worthSealingAtOnce is how many events of one transaction are at least sealed at once.
	worthSealingAtOnce = 256
	// sealedAtOnceUpTo is the highest AUDIT_SEAL_AFTER with which they are: whoever sets a
	// higher one wants rows.
	sealedAtOnceUpTo = 24 * time.Hour
)

// sealAtOnce seals successive events, which follow one with a hash, and whose texts are lines,
// if they are many and there is room for their list. It reports whether it did.
func (t *Trail) sealAtOnce(tx core.App, before string, events []entry, texts []byte) (isSealed bool, err error) {
	if !t.sealsAtOnce || len(events) < worthSealingAtOnce {
		return false, nil
	}
	list := listOf(events)
	if list == nil {
		return false, nil
	}
	if hasRoom, err := t.room.take(tx); err != nil || !hasRoom {
		return false, err
	}
	content, err := pack(quickPacker, texts)
	if err != nil {
		return false, err
	}
	ctx, sealed := context.Background(), newSegment(events, before)
	if err := sealed.insert(ctx, tx.DB(), content); err != nil {
		return false, err
	}
	list.Segment = sealed.Number
	t.room.add(list)
	return true, list.insert(ctx, tx.DB())
}
