package translate

import "strings"

// Alteration renames a table, or renames or drops a column.
type Alteration struct {
	// Source is the original text of the statement.
	Source string
	// Column is the column, or empty for the table itself.
	Column string
}

// Concerns reports whether the definition of an index or a view may have to follow
// the alteration of a table: it has the name, or all columns of the table.
func (a *Alteration) Concerns(table, definition string) bool {
	tokens, problem := tokenize(definition)
	if problem != "" {
		return false
	}
	hasTable, hasColumn, hasAll := false, false, false
	for _, each := range tokens {
		isName := each.kind == word || each.kind == quoted
		hasTable = hasTable || isName && strings.EqualFold(each.value, table)
		hasColumn = hasColumn || isName && a.Column != "" && strings.EqualFold(each.value, a.Column)
		hasAll = hasAll || each.kind == operator && each.value == "*"
	}
	return hasColumn || hasTable && (a.Column == "" || hasAll)
}

func (t *translator) alter() {
	first := t.position
	t.next()
	t.statement.Kind = Definition
	t.expectWord("TABLE")
	t.statement.Table = t.objectName()
	table := t.quoteName(t.statement.Table)
	sql := "ALTER TABLE " + table
	var alteration *Alteration
	switch {
	case t.acceptWord("RENAME", "TO"):
		sql += " RENAME TO " + t.quoteName(t.name())
		alteration = &Alteration{}
	case t.acceptWord("RENAME"):
		t.acceptWord("COLUMN")
		alteration = &Alteration{Column: t.name()}
		t.expectWord("TO")
		sql += " RENAME COLUMN " + t.quoteName(alteration.Column) + " TO " + t.quoteName(t.name())
	case t.acceptWord("ADD"):
		t.acceptWord("COLUMN")
		sql += " ADD COLUMN " + t.columnDefinition(table)
	case t.acceptWord("DROP"):
		t.acceptWord("COLUMN")
		alteration = &Alteration{Column: t.name()}
		sql += " DROP COLUMN " + t.quoteName(alteration.Column)
	default:
		t.unexpected()
	}
	if alteration != nil {
		alteration.Source = t.text(first, t.position)
		t.statement.Alteration = alteration
	}
	t.statement.SQL = sql
}
