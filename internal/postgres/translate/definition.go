package translate

import "strings"

// definitions are the rules for CREATE, by the kind of object.
var definitions map[string]func(t *translator, first int)

func init() {
	definitions = map[string]func(t *translator, first int){
		"TABLE": (*translator).createTable, "INDEX": (*translator).createIndex, "VIEW": (*translator).createView,
	}
}

func (t *translator) create() {
	first := t.position
	t.next()
	t.statement.Kind = Definition
	if t.atWords("UNIQUE", "INDEX") {
		t.createIndex(first)
		return
	}
	if t.atWord("TEMP", "TEMPORARY") {
		t.fail("temporary tables and views are not supported on PostgreSQL")
	}
	rule := definitions[t.keyword()]
	if rule == nil {
		t.unexpected()
		return
	}
	rule(t, first)
}

// comment attaches a text to an object, to be read by the catalog functions. It
// is renamed and dropped with the object.
func (t *translator) comment(object, value string) {
	t.statement.After = append(t.statement.After, "COMMENT ON "+object+" IS "+quoteLiteral(value))
}

// keepComments lets a relation keep its comments if a definition with IF NOT EXISTS
// finds it there, and changes nothing.
func (t *translator) keepComments(guard, relation string) {
	if guard == "" {
		return
	}
	condition := "NOT EXISTS (SELECT FROM pg_catalog.pg_description d WHERE d.objoid OPERATOR(pg_catalog.=) " + quoteLiteral(relation) +
		"::pg_catalog.regclass::pg_catalog.oid AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid)"
	body := "BEGIN IF " + condition + " THEN " + strings.Join(t.statement.After, "; ") + "; END IF; END"
	t.statement.After = []string{"DO " + quoteLiteral(body)}
}

func (t *translator) ifNotExists() string {
	return pick(t.acceptWord("IF", "NOT", "EXISTS"), "IF NOT EXISTS ", "")
}

func (t *translator) createView(first int) {
	t.next()
	guard := t.ifNotExists()
	t.statement.Table = t.objectName()
	name := t.quoteName(t.statement.Table)
	sql := "CREATE VIEW " + name
	if guard != "" {
		t.fail("CREATE VIEW IF NOT EXISTS is not supported on PostgreSQL")
	}
	if t.at("(") {
		sql += " " + t.names()
	}
	t.expectWord("AS")
	t.defines = true
	t.statement.SQL = sql + " AS " + t.subquery()
	t.defines = false
	t.statement.LockingSQL = ""
	t.comment("VIEW "+name, t.catalogText(first, t.position))
	if len(t.texts) > 0 {
		t.comment(`RULE "_RETURN" ON `+name, t.textWithLiterals(first, t.position))
	}
}

// createIndex creates an index that sorts as ORDER BY does. A non-unique index
// ends with the row id, as in SQLite, so that equal keys are in that order.
func (t *translator) createIndex(first int) {
	unique := t.acceptWord("UNIQUE")
	t.expectWord("INDEX")
	guard := t.ifNotExists()
	name := t.quoteName(t.objectName())
	t.expectWord("ON")
	t.statement.Table = t.objectName()
	var columns []string
	descending := false
	t.expect("(")
	t.list(func() {
		column := t.expression()
		sql := column.sql
		if column.name == "" {
			sql = "(" + sql + ")"
		}
		descending = t.acceptWord("DESC")
		if !descending {
			t.acceptWord("ASC")
		}
		columns = append(columns, sql+pick(descending, " DESC", "")+nullsOrder(column, descending))
	})
	t.expect(")")
	if !unique {
		columns = append(columns, t.quoteExactName(rowID)+pick(descending, " DESC", ""))
	}
	sql := "CREATE " + pick(unique, "UNIQUE ", "") + "INDEX " + guard + name + " ON " + t.quoteName(t.statement.Table) + " (" + strings.Join(columns, ", ") + ")"
	if t.acceptWord("WHERE") {
		condition, _ := t.condition()
		sql += " WHERE " + condition
	}
	t.statement.SQL = sql
	t.comment("INDEX "+name, t.catalogText(first, t.position))
	t.keepComments(guard, name)
}

func (t *translator) drop() {
	t.next()
	t.statement.Kind = Definition
	what := t.next().keyword
	switch what {
	case "TABLE", "VIEW":
		t.statement.Drops = true
	case "INDEX":
	default:
		t.fail("near %q: syntax error", what)
	}
	guard := pick(t.acceptWord("IF", "EXISTS"), "IF EXISTS ", "")
	t.statement.Table = t.objectName()
	t.statement.SQL = "DROP " + what + " " + guard + t.quoteName(t.statement.Table)
}
