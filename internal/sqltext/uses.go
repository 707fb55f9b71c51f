package sqltext

import (
	"slices"
	"strings"
)

// OutputsOnly reports whether a query uses the given columns (names in lower case)
// only as plain output: as whole items of a select list, possibly passed through by
// enclosing queries. It returns false for any other use (in an expression, condition,
// ordering, or row comparison) and for syntax it does not recognize. It does not
// expand *.
func OutputsOnly(tokens []Token, columns map[string]bool) bool {
	tracked := map[string]bool{}
	for name := range columns {
		tracked[name] = true
	}
	for {
		before := len(tracked)
		w := walker{tokens: tokens, tracked: tracked, frames: []frame{{plain: true}}}
		for w.position = 0; w.position < len(tokens); w.position++ {
			if !w.step() {
				return false
			}
		}
		// An enclosing query may use an alias that was found in a nested one: repeat
		// until there are no new ones.
		if len(tracked) == before {
			return true
		}
	}
}

// frame is the state of the walk within one pair of parentheses.
type frame struct {
	// plain is set if the result of the query within is used unchanged.
	plain bool
	// clause is the last keyword that began a clause.
	clause string
}

// walker walks through a query's tokens.
type walker struct {
	tokens   []Token
	position int
	tracked  map[string]bool
	frames   []frame
}

// clauses are the keywords that begin a clause. JOIN continues FROM after ON.
var clauses = []string{"WITH", "SELECT", "VALUES", "FROM", "JOIN", "ON", "USING", "WHERE", "GROUP", "HAVING", "ORDER", "WINDOW", "LIMIT", "OFFSET", "BY"}

// comparisons are keywords that compare whole rows.
var comparisons = []string{"DISTINCT", "UNION", "EXCEPT", "INTERSECT", "NATURAL"}

// at returns the token at an offset from the current one; an empty token outside the
// query.
func (w *walker) at(offset int) Token {
	if i := w.position + offset; i >= 0 && i < len(w.tokens) {
		return w.tokens[i]
	}
	return Token{Kind: Operator}
}

// step processes the current token and reports whether it is allowed.
func (w *walker) step() bool {
	token, inside := w.at(0), &w.frames[len(w.frames)-1]
	switch {
	case token.Is("("):
		if inside.clause == "WITH" && w.at(-1).IsName() && !w.at(-1).Is("AS", "MATERIALIZED") {
			return false // column names in an alias
		}
		w.frames = append(w.frames, frame{plain: inside.plain && w.isPlain(inside), clause: w.inherited(inside)})
	case token.Is(")"):
		if len(w.frames) > 1 {
			w.frames = w.frames[:len(w.frames)-1]
		}
	case token.Is(comparisons...):
		return token.Is("UNION") && w.at(1).Is("ALL")
	case token.Is(",") && inside.clause == "ON":
		inside.clause = "FROM"
	case token.Is(clauses...):
		inside.clause = strings.ToUpper(token.Value)
		if inside.clause == "JOIN" {
			inside.clause = "FROM"
		}
	case token.Kind == Number && inside.clause == "BY" && w.at(-1).Is("BY", ","):
		return false // a column's ordinal
	case (token.Kind == Word || token.Kind == Quoted) && w.tracked[strings.ToLower(token.Value)]:
		return w.at(1).Is(".") || w.isAlias() || inside.plain && inside.clause == "SELECT" && w.isItem()
	}
	return true
}

// isPlain reports whether the parenthesis at the current position encloses a table, or
// a query whose result is used as one.
func (w *walker) isPlain(outside *frame) bool {
	switch outside.clause {
	case "FROM":
		return w.at(-1).Is("FROM", "JOIN", ",", "(")
	case "WITH":
		return w.at(-1).Is("AS", "MATERIALIZED")
	}
	return false
}

// inherited returns the clause in which a parenthesis begins: a parenthesized join is
// part of FROM.
func (w *walker) inherited(outside *frame) string {
	if outside.clause == "FROM" && w.isPlain(outside) {
		return "FROM"
	}
	return ""
}

// isItem reports whether the current name is an entire item of a select list, and
// tracks the item's alias.
func (w *walker) isItem() bool {
	before := -1
	for w.at(before).Is(".") && w.at(before-1).IsName() {
		before -= 2
	}
	if !w.at(before).Is("SELECT", "ALL", ",") {
		return false
	}
	after := 1
	if w.at(after).Is("AS") {
		after++
	}
	if alias := w.at(after); alias.IsName() && !alias.Is(slices.Concat(clauses, comparisons)...) {
		w.tracked[strings.ToLower(alias.Value)] = true
		after++
	}
	next := w.at(after)
	return next.Is(",", ")") || next.Is(clauses...) || next.Is("UNION") || next == Token{Kind: Operator}
}

// isAlias reports whether the current name is the alias of a tracked item.
func (w *walker) isAlias() bool {
	offset := -1
	if w.at(offset).Is("AS") {
		offset--
	}
	item := w.at(offset)
	if !item.IsName() || !w.tracked[strings.ToLower(item.Value)] || item.Is(clauses...) {
		return false
	}
	inside := w.frames[len(w.frames)-1]
	return inside.plain && inside.clause == "SELECT"
}
