package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/tools/list"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

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

// recordSet is the list of records of a long event.
type recordSet struct {
	id, day, owner, records, patients string
}

// prepare returns the stored form of an occurrence, still without its place in a
// chain, and its set of records, if any.
func (o *occurrence) prepare() (*stored, *recordSet) {
	if o.Outcome == "" {
		o.Outcome = Success
	}
	if o.Patients == nil && o.Collection == collections.Patients {
		o.Patients = o.Records
	}
	if o.again > 0 {
		o.Detail = "sent " + strconv.Itoa(1+o.again) + " times"
	}
	event := &stored{
		Facts: Facts{
			RecordedAt: o.at.UTC().Format(rest.AnsweredTime), Action: o.Action, Outcome: o.Outcome,
			Agent: o.Agent.ID, AgentType: o.Agent.Type, Token: o.Agent.Token, Impersonator: o.Agent.Impersonator,
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
		set.patients = cmp.Or(strings.Join(list.NonzeroUniques(o.Patients), " "), nobody)
	}
	if o.Agent.Type == User {
		set.owner = o.Agent.ID
	}
	set.id = set.digest()
	event.Set = set.id
	return event, set
}

// nobody stands for the patients of a set without any. A set of patients has none, because
// its records are the patients: ids of other collections are the same numbers.
const nobody = "-"

// digest returns the id of a set, the hash of its content.
func (s *recordSet) digest() string {
	hash := sha256.New()
	for _, part := range []string{s.day, s.owner, s.patients, s.records} {
		hash.Write([]byte(part))
		hash.Write([]byte{'\n'})
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// link appends the event's text to others, and returns its hash together with its
// predecessor's.
func (s *stored) link(texts []byte, predecessor string) (appended []byte, hash string, err error) {
	appended, err = s.appendJSON(texts)
	if err != nil {
		return texts, "", err
	}
	return appended, linkHash(predecessor, appended[len(texts):]), nil
}

// appendJSON appends what encoding/json makes of the event, without reflection.
func (s *stored) appendJSON(out []byte) ([]byte, error) {
	text := func(key, value string) {
		out = rest.AppendString(append(append(append(out, '"'), key...), `":`...), value)
		out = append(out, ',')
	}
	number := func(key string, value int64) {
		out = strconv.AppendInt(append(append(append(out, '"'), key...), `":`...), value, 10)
		out = append(out, ',')
	}
	out = append(out, '{')
	text("id", s.ID)
	text("chain", s.Chain)
	number("seq", s.Seq)
	text("recorded_at", s.RecordedAt)
	text("action", string(s.Action))
	text("outcome", string(s.Outcome))
	text("agent", s.Agent)
	text("agent_type", string(s.AgentType))
	if s.Impersonator != "" {
		text("impersonator", s.Impersonator)
	}
	text("token", s.Token)
	text("address", s.Address)
	text("door", string(s.Door))
	text("request_id", s.RequestID)
	text("collection", s.Collection)
	text("detail", s.Detail)
	text("records", s.Records)
	number("count", int64(s.Count))
	if s.Set != "" {
		text("set", s.Set)
	}
	text("patient", s.Patient)
	text("fields", s.Fields)
	out[len(out)-1] = '}'
	if len(s.Checkpoints) == 0 {
		return out, nil
	}
	checkpoints, err := json.Marshal(s.Checkpoints)
	return append(append(append(out[:len(out)-1], `,"checkpoints":`...), checkpoints...), '}'), err
}

func linkHash[T string | []byte](predecessor string, text T) string {
	var buffer [1024]byte
	linked := append(append(append(buffer[:0], predecessor...), '\n'), text...)
	digest := sha256.Sum256(linked)
	return hex.EncodeToString(digest[:])
}
