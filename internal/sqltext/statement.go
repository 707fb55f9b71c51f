package sqltext

import (
	"errors"
	"regexp"
	"strings"
)

// Reasons for rejecting a text.
var (
	errRewritten  = errors.New("{{…}}, [[…]] and {:…} are not allowed: they are rewritten before the statement runs")
	errParameter  = errors.New("parameters are not allowed")
	errSemicolon  = errors.New("only one statement is allowed")
	errUnbalanced = errors.New("a parenthesis has no counterpart")
	errNoQuery    = errors.New("only one SELECT is allowed, or one WITH … SELECT")
	errNoIndex    = errors.New("only CREATE [UNIQUE] INDEX name ON table (…) [WHERE …] is allowed")
	errOtherTable = errors.New("an index belongs to a table of its own collection")
	errSubquery   = errors.New("an index has no sub-queries")
	errIndexName  = errors.New("the name of an index consists of letters, digits, _ and -")
)

// rewritten matches what PocketBase's query builder replaces in a statement, even
// within strings and names.
var rewritten = regexp.MustCompile(`\[\[|\]\]|\{\{|\}\}|\{:`)

// indexName matches index names that are safe in PocketBase's DROP INDEX statement.
var indexName = regexp.MustCompile(`^[\w-]+$`)

// One returns the tokens of a text that is a single statement, without a trailing
// semicolon. It returns an error for several statements, and for parameters.
func One(source string) ([]Token, error) {
	tokens, err := Tokenize(source)
	if err != nil {
		return nil, err
	}
	if rewritten.MatchString(source) {
		return nil, errRewritten
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].Is(";") {
		tokens = tokens[:len(tokens)-1]
	}
	depth := 0
	for _, token := range tokens {
		switch {
		case token.Kind == Parameter:
			return nil, errParameter
		case token.Is(";"):
			return nil, errSemicolon
		case token.Is("("):
			depth++
		case token.Is(")"):
			depth--
		}
		if depth < 0 {
			return nil, errUnbalanced
		}
	}
	if depth != 0 {
		return nil, errUnbalanced
	}
	return tokens, nil
}

// Query returns the tokens of a text that is a single SELECT or WITH … SELECT.
func Query(source string) ([]Token, error) {
	tokens, err := One(source)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 || !tokens[0].Is("SELECT", "WITH") {
		return nil, errNoQuery
	}
	depth, verb := 0, ""
	for i, token := range tokens {
		begins := i == 0 || tokens[i-1].Is("(", ")")
		switch {
		case token.Is("("):
			depth++
		case token.Is(")"):
			depth--
		case begins && token.Is(writes...) && !(token.Is("REPLACE") && i+1 < len(tokens) && tokens[i+1].Is("(")):
			return nil, errNoQuery
		case depth == 0 && verb == "" && token.Is("SELECT", "VALUES"):
			verb = strings.ToUpper(token.Value)
		}
	}
	if verb != "SELECT" {
		return nil, errNoQuery
	}
	return tokens, nil
}

// writes are the keywords of data-modifying statements that can follow WITH.
var writes = []string{"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"}

// Index returns an error for a text that is not the definition of one index on the
// table.
func Index(source, table string) error {
	tokens, err := One(source)
	if err != nil {
		return err
	}
	p := parser{tokens: tokens}
	p.expect("CREATE")
	p.accept("UNIQUE")
	p.expect("INDEX")
	if p.accept("IF") {
		p.expect("NOT")
		p.expect("EXISTS")
	}
	name := p.name()
	p.expect("ON")
	target := p.name()
	p.parenthesized()
	if !p.failed && len(p.tokens) > 0 {
		p.expect("WHERE")
		p.failed = p.failed || len(p.tokens) == 0
	}
	switch {
	case p.failed:
		return errNoIndex
	case !indexName.MatchString(name):
		return errIndexName
	case !strings.EqualFold(target, table):
		return errOtherTable
	}
	for _, token := range tokens {
		if token.Is("SELECT", "WITH", "VALUES") {
			return errSubquery
		}
	}
	return nil
}

// parser consumes tokens.
type parser struct {
	tokens []Token
	failed bool
}

func (p *parser) accept(value string) bool {
	if p.failed || len(p.tokens) == 0 || !p.tokens[0].Is(value) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) expect(value string) { p.failed = p.failed || !p.accept(value) }

// name consumes an unqualified name.
func (p *parser) name() string {
	if p.failed || len(p.tokens) == 0 || !p.tokens[0].IsName() {
		p.failed = true
		return ""
	}
	name := p.tokens[0].Value
	p.tokens = p.tokens[1:]
	return name
}

// parenthesized consumes a parenthesized group.
func (p *parser) parenthesized() {
	if p.failed || len(p.tokens) == 0 || !p.tokens[0].Is("(") {
		p.failed = true
		return
	}
	depth := 0
	for i, token := range p.tokens {
		switch {
		case token.Is("("):
			depth++
		case token.Is(")"):
			depth--
		}
		if depth == 0 {
			p.failed = i == 1 // empty parentheses
			p.tokens = p.tokens[i+1:]
			return
		}
	}
	p.failed = true
}

// Names returns all words in a statement that may be the name of a table, in lower
// case.
func Names(tokens []Token) map[string]bool {
	names := map[string]bool{}
	for _, token := range tokens {
		if token.IsName() {
			names[strings.ToLower(token.Value)] = true
		}
	}
	return names
}
