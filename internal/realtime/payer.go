package realtime

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"carebase/internal/forwarded"
)

// payerOf returns who has the cost of a client's subscriptions: its user or, for a
// guest, its address, of an IPv6 address the /64 network.
func payerOf(client subscriptions.Client) string {
	if auth := AuthOf(client); auth != nil {
		return readerOf(auth)
	}
	text, _ := client.Get(apis.RealtimeClientIPKey).(string)
	address, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	return forwarded.Network(address.Unmap())
}

const (
	// judgingShare and judgingAhead bound the time for which a payer's subscriptions
	// may keep those waiting who delete records: a part of all time, and that of as
	// much at once.
	judgingShare = 50
	judgingAhead = 10 * time.Second
	// maxJudging bounds one question.
	maxJudging = 500 * time.Millisecond
	// maxPayers is how many are remembered before those with nothing to pay are not.
	maxPayers = 1000
)

// allowance is the time that each payer may take.
type allowance struct {
	mutex sync.Mutex
	// paid is when what each has taken is made up for.
	paid map[string]time.Time
}

// isLeft reports whether a payer may take more.
func (a *allowance) isLeft(payer string) bool {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return time.Until(a.paid[payer]) < judgingAhead
}

// take notes what a payer has taken.
func (a *allowance) take(payer string, took time.Duration) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	now := time.Now()
	if len(a.paid) >= maxPayers {
		for each, paid := range a.paid {
			if paid.Before(now) {
				delete(a.paid, each)
			}
		}
	}
	if a.paid == nil {
		a.paid = map[string]time.Time{}
	}
	paid := a.paid[payer]
	if paid.Before(now) {
		paid = now
	}
	a.paid[payer] = paid.Add(judgingShare * took)
}
