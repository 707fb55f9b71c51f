package sqltext

import (
	"errors"
	"regexp"
	"strings"
)

// The reasons why a text is refused.
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

// rewritten is what PocketBase's query builder replaces in a statement, in texts
// and names, too.
var rewritten = regexp.MustCompile(`\[\[|\]\]|\{\{|\}\}|\{:`)

// indexName is what PocketBase can drop by its name without reading more in it.
var indexName = regexp.MustCompile(`^[\w-]+$`)

// One returns the tokens of a text that is one statement, without a semicolon at
// its end. It fails for more than one statement, and for parameters.
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

// Query returns the tokens of a text that is one SELECT, or one WITH … SELECT.
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

// writes begin the statements that can follow WITH and change something.
var writes = []string{"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"}

// Index fails for a text that is not the definition of one index on a table.
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

// name consumes a name without a schema.
func (p *parser) name() string {
	if p.failed || len(p.tokens) == 0 || !p.tokens[0].IsName() {
		p.failed = true
		return ""
	}
	name := p.tokens[0].Value
	p.tokens = p.tokens[1:]
	return name
}

// parenthesized consumes everything from a parenthesis to its counterpart.
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
			p.failed = i == 1 // nothing inside
			p.tokens = p.tokens[i+1:]
			return
		}
	}
	p.failed = true
}

// Names returns everything in a statement that may name a table, in lower case.
func Names(tokens []Token) map[string]bool {
	names := map[string]bool{}
	for _, token := range tokens {
		if token.IsName() {
			names[strings.ToLower(token.Value)] = true
		}
	}
	return names
}
