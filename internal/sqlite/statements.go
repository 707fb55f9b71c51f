package sqlite

import (
	"container/list"
	"context"
	"errors"
	"strings"
)

const (
	// maxStatements is how many prepared statements a connection keeps. Each takes
	// a few kilobytes.
	maxStatements = 64
	// maxStatementText is the length of the longest text that is kept prepared:
	// longer ones, with a list of ids for example, hardly come again.
	maxStatementText = 4096
)

// statements are the prepared statements of one connection that are not in use,
// by their text. Compiling a statement takes longer than running most of them.
// SQLite compiles one anew when the schema has changed.
type statements struct {
	byText map[string]*list.Element
	// recent has them all, the one used last in front.
	recent list.List
}

// idleStatement is an element of recent.
type idleStatement struct {
	text string
	ownStatement
}

// isKept reports whether a statement is worth keeping, and safe to keep: SQLite runs
// some others, such as PRAGMA, while it compiles them.
func isKept(text string) bool {
	if len(text) > maxStatementText {
		return false
	}
	first, _, _ := strings.Cut(text, " ")
	switch first {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

// take removes a statement from those that are not in use; nil if there is none.
func (s *statements) take(text string) ownStatement {
	element := s.byText[text]
	if element == nil {
		return nil
	}
	delete(s.byText, text)
	return s.recent.Remove(element).(idleStatement).ownStatement
}

// giveBack keeps a statement that is not in use any more, or closes it if there is
// one with the same text.
func (s *statements) giveBack(text string, used ownStatement) error {
	if s.byText[text] != nil {
		return used.Close()
	}
	if s.byText == nil {
		s.byText = map[string]*list.Element{}
	}
	s.byText[text] = s.recent.PushFront(idleStatement{text, used})
	if s.recent.Len() <= maxStatements {
		return nil
	}
	oldest := s.recent.Remove(s.recent.Back()).(idleStatement)
	delete(s.byText, oldest.text)
	return oldest.Close()
}

// close closes all statements.
func (s *statements) close() error {
	var failures []error
	for text := range s.byText {
		failures = append(failures, s.take(text).Close())
	}
	return errors.Join(failures...)
}

// prepared returns a statement for a text, and what the caller must call with the
// error of its use.
func (c *connection) prepared(ctx context.Context, text string) (ownStatement, func(error) error, error) {
	statement := c.statements.take(text)
	if statement == nil {
		fresh, err := c.prepare(ctx, text)
		if err != nil {
			return nil, nil, err
		}
		statement = fresh
	}
	return statement, func(failure error) error {
		if failure != nil {
			return statement.Close()
		}
		return c.statements.giveBack(text, statement)
	}, nil
}
