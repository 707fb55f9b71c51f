package translate

import "strings"

// conflictWord parses what may follow INSERT or UPDATE: OR and an action.
func (t *translator) conflictWord() string {
	if !t.acceptWord("OR") {
		return ""
	}
	action := t.next().keyword
	switch action {
	case "IGNORE", "ABORT", "FAIL", "ROLLBACK":
		return action
	}
	t.fail("OR %s is not supported on PostgreSQL", action)
	return ""
}

func (t *translator) insert() {
	t.next()
	t.statement.Kind = Change
	conflict := t.conflictWord()
	t.expectWord("INTO")
	t.statement.Table = t.objectName()
	sql := "INSERT INTO " + t.quoteName(t.statement.Table)
	if t.acceptWord("AS") {
		sql += " AS " + t.quoteName(t.name())
	}
	if t.at("(") {
		sql += " " + t.names()
	}
	switch {
	case t.acceptWord("DEFAULT", "VALUES"):
		sql += " DEFAULT VALUES"
	case t.acceptWord("VALUES"):
		var rows []string
		t.list(func() { rows = append(rows, t.assignedRow()) })
		sql += " VALUES " + strings.Join(rows, ", ")
	default:
		sql += " " + t.subquery()
	}
	if conflict == "IGNORE" {
		sql += " ON CONFLICT DO NOTHING"
	}
	if t.acceptWord("ON", "CONFLICT") {
		sql += t.upsert()
	}
	t.statement.SQL = sql + t.returning()
}

// assignedRow parses the values of one row to insert.
func (t *translator) assignedRow() string {
	var values []string
	t.expect("(")
	t.list(func() {
		if t.peek().double { // no column is in scope
			t.tokens[t.position].kind, t.tokens[t.position].double = text, false
		}
		values = append(values, t.assignment())
	})
	t.expect(")")
	return "(" + strings.Join(values, ", ") + ")"
}

// upsert parses what follows ON CONFLICT.
func (t *translator) upsert() string {
	sql := " ON CONFLICT"
	if t.accept("(") {
		var columns []expression
		t.list(func() { columns = append(columns, t.expression()) })
		t.expect(")")
		sql += " (" + join(columns) + ")"
		if t.acceptWord("WHERE") {
			condition, _ := t.condition()
			sql += " WHERE " + condition
		}
	}
	t.expectWord("DO")
	if t.acceptWord("NOTHING") {
		return sql + " DO NOTHING"
	}
	t.expectWord("UPDATE", "SET")
	sql += " DO UPDATE SET " + t.assignments()
	if t.acceptWord("WHERE") {
		condition, _ := t.condition()
		sql += " WHERE " + condition
	}
	return sql
}

// assignments parses what follows SET.
func (t *translator) assignments() string {
	var assignments []string
	t.list(func() {
		column := ""
		if t.at("(") {
			column = t.names()
		} else {
			column = t.quoteName(t.name())
		}
		t.expect("=")
		assignments = append(assignments, column+" = "+t.assignment())
	})
	return strings.Join(assignments, ", ")
}

func (t *translator) update() {
	t.next()
	t.statement.Kind = Change
	if conflict := t.conflictWord(); conflict == "IGNORE" {
		t.fail("UPDATE OR IGNORE is not supported on PostgreSQL")
	}
	t.statement.Table = t.objectName()
	sql := "UPDATE " + t.quoteName(t.statement.Table)
	if alias, aliased := t.alias(); aliased {
		sql += " AS " + t.quoteName(alias)
	}
	t.expectWord("SET")
	sql += " SET " + t.assignments()
	if t.acceptWord("FROM") {
		sql += " FROM " + t.from().sql
	}
	t.statement.SQL = sql + t.changeCondition()
}

func (t *translator) remove() {
	t.next()
	t.statement.Kind = Change
	t.expectWord("FROM")
	t.statement.Table = t.objectName()
	sql := "DELETE FROM " + t.quoteName(t.statement.Table)
	if alias, aliased := t.alias(); aliased {
		sql += " AS " + t.quoteName(alias)
	}
	t.statement.SQL = sql + t.changeCondition()
}

// changeCondition parses WHERE and RETURNING.
func (t *translator) changeCondition() string {
	sql := ""
	if t.acceptWord("WHERE") {
		condition, _ := t.condition()
		sql = " WHERE " + condition
	}
	return sql + t.returning()
}

func (t *translator) returning() string {
	if !t.acceptWord("RETURNING") {
		return ""
	}
	var items []string
	t.list(func() {
		item := t.item()
		sql := item.sql
		if item.aliased {
			sql += " AS " + t.quoteExactName(item.alias)
		}
		items = append(items, sql)
	})
	return " RETURNING " + strings.Join(items, ", ")
}
