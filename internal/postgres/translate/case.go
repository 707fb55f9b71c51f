package translate

import (
	"strings"
)

// caseExpression parses CASE. Its results must have one type in PostgreSQL.
func (t *translator) caseExpression() expression {
	t.next()
	var conditions []string
	var parts, results []expression
	var subject *expression
	if !t.atWord("WHEN") {
		compared := t.expression()
		subject, parts = &compared, append(parts, compared)
	}
	for t.acceptWord("WHEN") {
		condition := t.expression()
		parts = append(parts, condition)
		if subject == nil {
			condition.sql = truth(condition)
		} else { // as = compares, where CASE knows types only
			condition.sql = comparison("=")(*subject, condition).sql
		}
		t.expectWord("THEN")
		conditions = append(conditions, condition.sql)
		results = append(results, t.expression())
	}
	if len(conditions) == 0 {
		t.unexpected()
		return expression{}
	}
	if t.acceptWord("ELSE") {
		results = append(results, t.expression())
	}
	t.expectWord("END")
	t.choose(results)
	return chooseCase(conditions, results, parts)
}

// choose notes that the statement chooses between values, and makes them dynamic if
// that is how to read it.
func (t *translator) choose(values []expression) {
	t.statement.HasChoices = !t.reading.Dynamic
	for i := range values {
		values[i].mixed = values[i].mixed || t.reading.Dynamic
	}
}

// chooseCase writes a CASE with these conditions and results. parts are the
// remaining operands.
func chooseCase(conditions []string, results, parts []expression) expression {
	values := sameType(results)
	var sql strings.Builder
	sql.WriteString("CASE")
	for i, condition := range conditions {
		sql.WriteString(" WHEN " + condition + " THEN " + values[i])
	}
	if len(values) > len(conditions) {
		sql.WriteString(" ELSE " + values[len(values)-1])
	}
	sql.WriteString(" END")
	result := combine(levelPrimary, sql.String(), append(parts, results...)...)
	result.boolean = true
	for _, branch := range results {
		result.mixed = result.mixed || branch.mixed
		result.boolean = result.boolean && branch.boolean
	}
	return result
}

// sameType returns values of one type: if they visibly have several, which
// PostgreSQL rejects, they become dynamic.
func sameType(values []expression) []string {
	texts, numbers, booleans, mixed := 0, 0, 0, 0
	for _, value := range values {
		switch {
		case value.mixed:
			mixed++
		case value.literal == text:
			texts++
		case value.literal == number:
			numbers++
		case value.boolean:
			booleans++
		}
	}
	result := make([]string, len(values))
	for i, value := range values {
		result[i] = value.sql
		if (texts > 0 && numbers+booleans > 0 || numbers > 0 && booleans > 0 || mixed > 0) && value.sql != "NULL" {
			result[i] = "sqlite.dynamic(" + value.sql + ")"
		}
	}
	return result
}

func (t *translator) castExpression() expression {
	t.next()
	t.expect("(")
	operand := t.expression()
	t.expectWord("AS")
	function := castFunction(t.typeName())
	t.expect(")")
	sql := function + "(" + operand.sql + ")"
	if function == "sqlite.to_text" {
		if operand.floating || operand.literal == number {
			sql = asText(operand)
		}
		sql = "(" + sql + ` COLLATE "C")` // sorts by bytes, as a column
	}
	result := combine(levelPrimary, sql, operand)
	result.real, result.cast, result.plain = function == "sqlite.to_real", true, false
	result.floating = result.real
	return result
}
