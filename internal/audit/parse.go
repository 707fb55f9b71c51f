package audit

import (
	"encoding/json"
	"strconv"
	"strings"
)

// parse reads the text of an event, as encoding/json does. What stored.appendJSON writes
// is read without reflection.
func (s *stored) parse(text string) error {
	if s.scan(text) {
		return nil
	}
	*s = stored{}
	return json.Unmarshal([]byte(text), s)
}

// scan reads the text of an event with its keys in order, of strings without escapes; it
// reports false for any other.
func (s *stored) scan(text string) bool {
	from := scanner{rest: text}
	from.literal("{")
	from.member("id", &s.ID)
	from.member("chain", &s.Chain)
	from.number("seq", &s.Seq)
	from.member("recorded_at", &s.RecordedAt)
	from.member("action", (*string)(&s.Action))
	from.member("outcome", (*string)(&s.Outcome))
	from.member("agent", &s.Agent)
	from.member("agent_type", (*string)(&s.AgentType))
	from.optional("impersonator", &s.Impersonator)
	from.member("token", &s.Token)
	from.member("address", &s.Address)
	from.member("door", (*string)(&s.Door))
	from.member("request_id", &s.RequestID)
	from.member("collection", &s.Collection)
	from.member("detail", &s.Detail)
	from.member("records", &s.Records)
	var count int64
	from.number("count", &count)
	s.Count = int(count)
	from.optional("set", &s.Set)
	from.member("patient", &s.Patient)
	from.memberUntil("fields", &s.Fields, "}")
	return !from.failed && from.rest == ""
}

// scanner reads a text from its beginning on.
type scanner struct {
	rest   string
	failed bool
}

func (s *scanner) literal(expected string) {
	var found bool
	if s.rest, found = strings.CutPrefix(s.rest, expected); !found {
		s.failed = true
	}
}

// key reads a key, and reports whether it is the next.
func (s *scanner) key(name string) bool {
	size := len(name) + len(`"":`)
	if s.failed || len(s.rest) < size || s.rest[0] != '"' || s.rest[1:len(name)+1] != name || s.rest[len(name)+1:size] != `":` {
		return false
	}
	s.rest = s.rest[size:]
	return true
}

// value reads a string that has no escapes and nothing that encoding/json replaces.
func (s *scanner) value(into *string, end string) {
	if s.failed || s.rest == "" || s.rest[0] != '"' {
		s.failed = true
		return
	}
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			*into = s.rest[1:i]
			s.rest = s.rest[i+1:]
			s.literal(end)
			return
		case c == '\\' || c < ' ' || c > '~':
			s.failed = true
			return
		}
	}
	s.failed = true
}

// member reads a key and its text.
func (s *scanner) member(name string, into *string) { s.memberUntil(name, into, ",") }

func (s *scanner) memberUntil(name string, into *string, end string) {
	if !s.key(name) {
		s.failed = true
		return
	}
	s.value(into, end)
}

// optional reads a key and its text, if the key is the next.
func (s *scanner) optional(name string, into *string) {
	if s.key(name) {
		s.value(into, ",")
	}
}

// number reads a key and its integer.
func (s *scanner) number(name string, into *int64) {
	if !s.key(name) {
		s.failed = true
		return
	}
	digits, rest, _ := strings.Cut(s.rest, ",")
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strconv.FormatInt(value, 10) != digits {
		s.failed = true
		return
	}
	*into, s.rest = value, rest
}
