package audit

import (
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxText is how many bytes of a text that callers choose are in an event: the trail
	// keeps it for years, and guests may write, too.
	maxText = 255
	// maxStatement is how many bytes of a statement are: the whole of all that run, because
	// PocketBase refuses longer ones.
	maxStatement = 5000
	// ellipsis ends a text that was cut.
	ellipsis = "…"
)

// occurrence is an event with its time and source, not yet in a chain.
type occurrence struct {
	Event
	at     time.Time
	source source
	units  int64 // share of the queue's capacity
	// delivery is which delivery over realtime it is, if any, and again how often more
	// the same was sent to the same receiver.
	delivery deliveryKey
	again    int
}

// newOccurrence returns an event that happens now. All are made here, and what callers
// choose is bounded. The operator's own details are whole, such as the heads of a trail
// that a restore replaces.
func newOccurrence(event Event, from source) *occurrence {
	if event.Agent == (Agent{}) {
		event.Agent = from.agent
	}
	if event.Agent.Token == "" {
		event.Agent.Token = TokenID(from.rawToken)
	}
	from.rawToken = ""
	switch {
	case event.Statement != "":
		event.Detail = shortened(event.Statement, maxStatement)
	case from.door != Command:
		event.Detail = shortened(event.Detail, maxText)
	}
	event.Statement, event.viewed = "", nil // which the queue need not keep
	return &occurrence{Event: event, at: time.Now(), source: from}
}

// shortened returns a text in valid UTF-8 of at most some bytes, with an ellipsis in the
// place of what is left out.
func shortened(text string, most int) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= most {
		return text
	}
	end := most - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

const (
	// bytesPerUnit is how many bytes of an event take a unit of the queue's capacity.
	bytesPerUnit = 256
	// headerBytes is what a text in a list takes besides its bytes.
	headerBytes = 16
)

// unitsOf returns which share of the queue's capacity an event takes: one unit, and others
// for its texts.
func unitsOf(o *occurrence) int64 {
	bytes := len(o.Detail) + len(o.Agent.ID) + len(o.Agent.Token) + len(o.source.address) + len(o.source.requestID)
	for _, list := range [][]string{o.Records, o.Patients, o.Fields} {
		for _, text := range list {
			bytes += headerBytes + len(text)
		}
	}
	return min(queueSize, 1+int64(bytes/bytesPerUnit))
}
