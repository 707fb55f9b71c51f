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

// inlineRecords is the maximum number of ids in an event itself. A longer list is
// stored as a set, once for all events of a day with the same list.
const inlineRecords = 4

// Facts are the properties that every form of an event has: stored, exported, and
// shown to a patient's owner.
type Facts struct {
	ID         string    `json:"id"`
	Chain      string    `json:"chain"`
	Seq        int64     `json:"seq"`
	RecordedAt string    `json:"recorded_at"`
	Action     Action    `json:"action"`
	Outcome    Outcome   `json:"outcome"`
	Agent      string    `json:"agent"`
	AgentType  AgentType `json:"agent_type"`
	// Impersonator is the superuser who acted as the agent.
	Impersonator string `json:"impersonator,omitempty"`
	Token        string `json:"token"`
	Address      string `json:"address"`
	Door         Door   `json:"door"`
	RequestID    string `json:"request_id"`
	Collection   string `json:"collection"`
	Detail       string `json:"detail"`
}

// stored is an event as it is stored and hashed; the hash covers this JSON byte by
// byte. Lists are separated by spaces.
type stored struct {
	Facts
	Records string `json:"records"`
	Count   int    `json:"count"`
	Set     string `json:"set,omitempty"`
	Patient string `json:"patient"`
	Fields  string `json:"fields"`

	Checkpoints []Checkpoint `json:"checkpoints,omitempty"`
}

// subject returns the key that events are looked up by.
func (s *stored) subject() string {
	switch {
	case len(s.Checkpoints) > 0:
		return checkpointSubject
	case s.Set != "":
		return s.Set
	}
	return s.Patient
}

// occurrence is an event with its time and source, not yet in a chain.
type occurrence struct {
	Event
	at     time.Time
	source source
	units  int64 // share of the queue's capacity
}

// recordSet is the list of records of a long event.
type recordSet struct {
	id, day, owner, records, patients string
}

// prepare returns the stored form of an occurrence, still without its place in a
// chain, and its set of records, if any.
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
			Agent: agent.ID, AgentType: agent.Type, Token: agent.Token, Impersonator: agent.Impersonator,
			Address: o.source.address, Door: o.source.door, RequestID: o.source.requestID,
			Collection: o.Collection, Detail: o.Detail,
		},
		Count: len(o.Records), Fields: strings.Join(o.Fields, " "), Checkpoints: o.Checkpoints,
	}
	if len(o.Records) <= inlineRecords && len(o.Patients) <= 1 {
		event.Records, event.Patient = strings.Join(o.Records, " "), strings.Join(o.Patients, "")
		return event, nil
	}
	set := &recordSet{day: event.RecordedAt[:len(time.DateOnly)], records: strings.Join(o.Records, " ")}
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

// digest returns the id of a set, the hash of its content.
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
