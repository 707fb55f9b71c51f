package translate

import (
	"strconv"
)

// parameter parses a parameter. An argument gets two numbers if it is both
// assigned and used in an expression, because the types may differ.
func (t *translator) parameter() expression {
	return expression{sql: t.parameterNumber(Parameter{Argument: t.argument()}), level: levelPrimary, literal: parameter, plain: true}
}

// argument parses a parameter and returns the index of its argument.
func (t *translator) argument() int {
	current := t.next()
	argument := t.parameters
	if current.value != "" {
		n, err := strconv.Atoi(current.value)
		if err != nil || n < 1 || n > maxParameters {
			t.fail("variable number must be between ?1 and ?%d", maxParameters)
			return 0
		}
		argument = n - 1
	}
	t.parameters = max(t.parameters, argument+1)
	return argument
}

func (t *translator) parameterNumber(wanted Parameter) string {
	for i, known := range t.statement.Parameters {
		if known == wanted {
			return "$" + strconv.Itoa(i+1)
		}
	}
	t.statement.Parameters = append(t.statement.Parameters, wanted)
	return "$" + strconv.Itoa(len(t.statement.Parameters))
}

// assignment parses a value assigned to a column. A single parameter or text
// takes the column's type.
func (t *translator) assignment() string {
	following := t.peekAt(1)
	ends := following.kind == end || following.kind == operator && (following.value == "," || following.value == ")" || following.value == ";") ||
		following.keyword == "WHERE" || following.keyword == "FROM" || following.keyword == "RETURNING"
	current := t.peek()
	switch {
	case ends && current.kind == parameter:
		return t.parameterNumber(Parameter{Argument: t.argument(), Assigned: true})
	case ends && (current.kind == text || current.double && t.isText()):
		return quoteLiteral(t.next().value)
	}
	return t.expression().sql
}
