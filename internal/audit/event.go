package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"carebase/internal/collections"
)

// timeLayout is RFC 3339 in UTC, to the millisecond.
const timeLayout = "2006-01-02T15:04:05.000Z"

// inlineRecords is how many ids stand in an event itself. More of them are a set
// of records, stored once for all the events of a day that name the same ones.
const inlineRecords = 4

// Facts are what is known of an event in every form that it has: as it is stored,
// exported, and shown to a patient's owner.
type Facts struct {
	ID         string    `json:"id"`
	Chain      string    `json:"chain"`
	Seq        int64     `json:"seq"`
	RecordedAt string    `json:"recorded_at"`
	Action     Action    `json:"action"`
	Outcome    Outcome   `json:"outcome"`
	Agent      string    `json:"agent"`
	AgentType  AgentType `json:"agent_type"`
	Token      string    `json:"token"`
	Address    string    `json:"address"`
	Door       Door      `json:"door"`
	RequestID  string    `json:"request_id"`
	Collection string    `json:"collection"`
	Detail     string    `json:"detail"`
}

// stored is an event as it is stored and hashed: this JSON, to the byte. Lists
// are separated by spaces.
type stored struct {
	Facts
	Records string `json:"records"`
	Count   int    `json:"count"`
	Set     string `json:"set,omitempty"`
	Patient string `json:"patient"`
	Fields  string `json:"fields"`
}

// subject is what the event is found by.
func (s *stored) subject() string {
	if s.Set != "" {
		return s.Set
	}
	return s.Patient
}

// occurrence is an event with its circumstances, not yet in a chain.
type occurrence struct {
	Event
	at     time.Time
	source source
	units  int64 // how much of the queue it takes
}

// recordSet is what a long event names.
type recordSet struct {
	id, day, owner, records, patients string
}

// prepare turns an occurrence into what is stored, but for its place in a chain.
func (o *occurrence) prepare() (*stored, *recordSet) {
	agent := o.source.agent
	if o.Agent != (Agent{}) {
		agent = o.Agent
	}
	if agent.Token == "" {
		agent.Token = TokenID(o.source.rawToken)
	}
	if o.Outcome == "" {
		o.Outcome = Success
	}
	if o.Patients == nil && o.Collection == collections.Patients {
		o.Patients = o.Records
	}
	event := &stored{
		Facts: Facts{
			RecordedAt: o.at.UTC().Format(timeLayout), Action: o.Action, Outcome: o.Outcome,
			Agent: agent.ID, AgentType: agent.Type, Token: agent.Token,
			Address: o.source.address, Door: o.source.door, RequestID: o.source.requestID,
			Collection: o.Collection, Detail: o.Detail,
		},
		Count: len(o.Records), Fields: strings.Join(o.Fields, " "),
	}
	if len(o.Records) <= inlineRecords && len(o.Patients) <= 1 {
		event.Records, event.Patient = strings.Join(o.Records, " "), strings.Join(o.Patients, "")
		return event, nil
	}
	set := &recordSet{day: event.RecordedAt[:len("2006-01-02")], records: strings.Join(o.Records, " ")}
	if o.Collection != collections.Patients {
		set.patients = strings.Join(slices.Compact(slices.Sorted(slices.Values(o.Patients))), " ")
	}
	if agent.Type == User {
		set.owner = agent.ID
	}
	set.id = set.digest()
	event.Set = set.id
	return event, set
}

// digest is the id that the content of a set has.
func (s *recordSet) digest() string {
	hash := sha256.New()
	for _, part := range []string{s.day, s.owner, s.patients, s.records} {
		hash.Write([]byte(part))
		hash.Write([]byte{'\n'})
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// link encodes an event and hashes it together with its predecessor's hash.
func (s *stored) link(predecessor string) (text, hash string, err error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return "", "", err
	}
	text = strings.TrimSuffix(buffer.String(), "\n")
	return text, linkHash(predecessor, text), nil
}

func linkHash(predecessor, text string) string {
	digest := sha256.Sum256([]byte(predecessor + "\n" + text))
	return hex.EncodeToString(digest[:])
}
