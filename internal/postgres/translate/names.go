package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// maxNameLength is the maximum length of a name in bytes. PostgreSQL silently
// truncates longer ones.
const maxNameLength = 63

// rowID is the hidden column that stands for SQLite's rowid.
const rowID = "_rowid_"

// notNames are the keywords that cannot be an unquoted name where a name is
// optional.
var notNames = strings.Fields(`ADD ALL ALTER AND AS BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE CROSS DEFAULT DELETE
	DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM FULL GROUP HAVING IN INDEX INDEXED INNER INSERT INTERSECT INTO IS ISNULL
	JOIN LEFT LIKE LIMIT NATURAL NOT NOTNULL NULL OFFSET ON OR ORDER OUTER PRIMARY REFERENCES RETURNING RIGHT SELECT SET TABLE THEN TO
	UNION UNIQUE UPDATE USING VALUES WHEN WHERE WINDOW GLOB MATCH REGEXP`)

// Shorten returns a name that PostgreSQL does not truncate: the name itself, or
// its beginning and a hash of the whole name.
func Shorten(name string) string {
	if len(name) <= maxNameLength {
		return name
	}
	hash := sha256.Sum256([]byte(name))
	suffix := "~" + hex.EncodeToString(hash[:8])
	beginning := name[:maxNameLength-len(suffix)]
	return strings.ToValidUTF8(beginning, "") + suffix
}

func (t *translator) quoteName(name string) string {
	switch strings.ToLower(name) {
	case "rowid", rowID:
		name = rowID
	}
	return t.quoteExactName(t.fold(name))
}

func (t *translator) fold(name string) string {
	if t.reading.Fold == nil {
		return name
	}
	return t.reading.Fold(name)
}

// isText reports whether the next token is a text in double quotes. SQLite reads a
// name in double quotes as text if there is no such column.
func (t *translator) isText() bool {
	name := t.peek().value
	if !t.peek().double || t.statement.Kind == Definition && t.subqueries == 0 {
		return false
	}
	if following := t.peekAt(1); following.kind == operator && following.value == "." {
		return false
	}
	if name == "" || t.reading.IsText != nil && t.reading.IsText(name) {
		t.texts = append(t.texts, t.position)
		return true
	}
	if !slices.Contains(t.statement.QuotedNames, name) {
		t.statement.QuotedNames = append(t.statement.QuotedNames, name)
	}
	return false
}

// define notes that the statement defines a name, which is not a text then.
func (t *translator) define(name string) { t.defined[strings.ToLower(name)] = true }

// quoteExactName quotes a name, and records it in LongNames if it had to be
// shortened.
func (t *translator) quoteExactName(name string) string {
	short := Shorten(name)
	if short != name {
		if t.statement.LongNames == nil {
			t.statement.LongNames = map[string]string{}
		}
		t.statement.LongNames[short] = name
	}
	return `"` + strings.ReplaceAll(short, `"`, `""`) + `"`
}

func quoteLiteral(value string) string {
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// textLiteral returns a literal with an explicit type.
func textLiteral(value string) string {
	return quoteLiteral(value) + "::pg_catalog.text"
}

func isRowID(name string) bool {
	return strings.EqualFold(name, "rowid") || strings.EqualFold(name, rowID)
}

// atName reports whether the next token can be a name.
func (t *translator) atName() bool {
	current := t.peek()
	return current.kind == quoted || current.kind == word && !slices.Contains(notNames, current.keyword)
}

// name parses a name.
func (t *translator) name() string {
	if !t.atName() {
		t.unexpected()
		return ""
	}
	return t.next().value
}

// objectName parses the name of a table, view or index. Its schema is dropped:
// each SQLite file has connections of its own.
func (t *translator) objectName() string {
	name := t.name()
	if t.accept(".") {
		name = t.name()
	}
	return name
}

// names parses names in parentheses.
func (t *translator) names() string {
	var names []string
	t.expect("(")
	t.list(func() {
		name := t.name()
		t.define(name)
		names = append(names, t.quoteName(name))
	})
	t.expect(")")
	return "(" + strings.Join(names, ", ") + ")"
}

// alias parses an optional alias.
func (t *translator) alias() (string, bool) {
	if t.acceptWord("AS") {
		if t.peek().kind == text || t.peek().kind == word {
			return t.next().value, true
		}
		return t.name(), true
	}
	if t.atName() || t.peek().kind == text {
		return t.next().value, true
	}
	return "", false
}
