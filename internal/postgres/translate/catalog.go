package translate

import "strings"

// CatalogDefinition returns a CREATE INDEX or CREATE VIEW as SQLite's catalog keeps
// it, and any other text as it is.
func CatalogDefinition(source string) string {
	tokens, problem := tokenize(source)
	if problem != "" {
		return source
	}
	t := &translator{source: source, tokens: tokens}
	after := len(tokens) - 1
	for after > 0 && tokens[after-1].kind == operator && tokens[after-1].value == ";" {
		after--
	}
	if definition := t.catalogText(0, after); definition != "" {
		return definition
	}
	return source
}

// catalogHeads are the beginnings of definitions in SQLite's catalog.
var catalogHeads = [][]string{{"CREATE", "INDEX"}, {"CREATE", "UNIQUE", "INDEX"}, {"CREATE", "VIEW"}}

// catalogText is text for the definition of an index or a view, and "" for others.
// SQLite writes what comes before the name itself, without IF NOT EXISTS, a schema
// and comments. It keeps a comment at the end, which text leaves out.
func (t *translator) catalogText(first, after int) string {
	definition := &translator{source: t.source, tokens: t.tokens, position: first}
	for _, head := range catalogHeads {
		if !definition.acceptWord(head...) {
			continue
		}
		definition.ifNotExists()
		if dot := definition.peekAt(1); dot.kind == operator && dot.value == "." {
			definition.position += 2
		}
		return strings.Join(head, " ") + " " + definition.text(definition.position, after)
	}
	return ""
}

// QuoteName returns a name as SQLite's SQL quotes it, so that SQLite never reads it as a
// text.
func QuoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// StrictNames returns a definition with the names in double quotes in backticks, which
// SQLite never reads as texts.
func StrictNames(definition string) string {
	tokens, problem := tokenize(definition)
	if problem != "" {
		return definition
	}
	var result strings.Builder
	written := 0
	for _, each := range tokens {
		if each.double {
			result.WriteString(definition[written:each.start] + QuoteName(each.value))
			written = each.end
		}
	}
	return result.String() + definition[written:]
}
