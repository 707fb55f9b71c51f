package translate

import (
	"math/big"
	"strconv"
	"strings"
)

// binaryRule translates an operator between two operands.
type binaryRule struct {
	level     int
	translate func(left, right expression) expression
}

// binaryRules are the operators between two operands.
var binaryRules = map[string]binaryRule{
	"OR":  {levelOr, logical("OR", levelOr)},
	"AND": {levelAnd, logical("AND", levelAnd)},
	"=":   {levelEquality, comparison("=")},
	"==":  {levelEquality, comparison("=")},
	"!=":  {levelEquality, comparison("<>")},
	"<>":  {levelEquality, comparison("<>")},
	"<":   {levelComparison, comparison("<")},
	"<=":  {levelComparison, comparison("<=")},
	">":   {levelComparison, comparison(">")},
	">=":  {levelComparison, comparison(">=")},
	"&":   {levelBits, bits("&")},
	"|":   {levelBits, bits("|")},
	"<<":  {levelBits, shift("sqlite.shift_left")},
	">>":  {levelBits, shift("sqlite.shift_right")},
	"+":   {levelSum, arithmetic("+")},
	"-":   {levelSum, arithmetic("-")},
	"*":   {levelProduct, arithmetic("*")},
	"/":   {levelProduct, divide},
	"%":   {levelProduct, remainder},
	"||":  {levelConcatenation, concatenate},
	"->": {levelConcatenation, func(l, r expression) expression {
		return asJSON("sqlite.json_at("+l.sql+", "+r.sql+")", []expression{l, r})
	}},
	"->>": {levelConcatenation, binaryCall("sqlite.json_value_at")},
}

func logical(symbol string, level int) func(left, right expression) expression {
	return func(left, right expression) expression {
		left.sql, left.level = truth(left), truthLevel(left)
		right.sql, right.level = truth(right), truthLevel(right)
		result := combine(level, within(left, level)+" "+symbol+" "+within(right, level), left, right)
		result.boolean = true
		result.oneRow = symbol == "AND" && (left.oneRow || right.oneRow)
		return result
	}
}

// mirrored are the comparisons with their sides swapped.
var mirrored = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// comparison relies on the types of both sides: 2_operators.sql defines the
// operators that PostgreSQL lacks.
func comparison(symbol string) func(left, right expression) expression {
	return func(left, right expression) expression {
		symbol := symbol
		ignoreCase(&left, &right)
		switch {
		case left.sql == "NULL" || right.sql == "NULL":
		case left.plain && right.plain:
			if left.literal != right.literal || left.literal != text && left.literal != number {
				symbol = "@@" + symbol
			}
		case left.plain:
			left, right, symbol = right, withText(left), mirrored[symbol]
		case right.plain:
			right = withText(right)
		case !right.plain && (left.cast || right.cast), left.name != "" && right.name != "" && symbol != "=" && symbol != "<>":
			symbol = "##" + symbol
		}
		result := combine(levelEquality, within(left, levelEquality)+" "+symbol+" "+within(right, levelEquality), left, right)
		result.boolean = true
		result.oneRow = symbol == "=" && strings.EqualFold(left.name, "id") && (right.literal == parameter || right.literal == text)
		return result
	}
}

// withText makes a calculated number a value whose text a column of texts is compared
// with: 1 and not 1.0, as a parameter would be.
func withText(e expression) expression {
	if e.computed && !e.floating {
		e.sql, e.level = "sqlite.dynamic("+e.sql+")", levelPrimary
	}
	return e
}

// ignoreCase applies COLLATE NOCASE of one side to both. SQLite folds ASCII
// letters only, as PostgreSQL's "C" collation does.
func ignoreCase(left, right *expression) {
	if !left.noCase && !right.noCase {
		return
	}
	for _, side := range []*expression{left, right} {
		if !side.noCase {
			side.sql, side.level = lower(side.sql), levelPrimary
		}
	}
}

func lower(sql string) string {
	return `pg_catalog.lower(sqlite.to_text(` + sql + `) COLLATE "C")`
}

func bits(symbol string) func(left, right expression) expression {
	return func(left, right expression) expression {
		return combine(levelBits, "sqlite.to_integer("+left.sql+") "+symbol+" sqlite.to_integer("+right.sql+")", left, right)
	}
}

func shift(function string) func(left, right expression) expression {
	return func(left, right expression) expression {
		return combine(levelPrimary, function+"(sqlite.to_integer("+left.sql+"), sqlite.to_integer("+right.sql+"))", left, right)
	}
}

func arithmetic(symbol string) func(left, right expression) expression {
	return func(left, right expression) expression {
		if exact, ok := constantInteger(left, symbol, right); ok {
			return exact
		}
		result := combine(levelSum, numeric(left)+" "+symbol+" "+numeric(right), left, right)
		result.real, result.floating, result.computed = left.real || right.real, left.floating || right.floating, true
		return result
	}
}

// numeric converts an operand to a number. As in SQLite, that never fails.
func numeric(e expression) string {
	if e.literal == number {
		return within(e, levelPrimary) + "::double precision"
	}
	return "sqlite.number(" + e.sql + ")"
}

// divide divides integers as integers. Division by zero is NULL.
func divide(left, right expression) expression {
	sql := "sqlite.divide(" + divisionOperand(left) + ", " + divisionOperand(right) + ")"
	if left.real || right.real {
		sql = "sqlite.divide_real(" + numeric(left) + ", " + numeric(right) + ")"
	}
	result := combine(levelPrimary, sql, left, right)
	result.real, result.floating, result.computed = left.real || right.real, left.floating || right.floating, true
	return result
}

// divisionOperand keeps the type of an operand: a text such as 1.0 is a real number.
func divisionOperand(e expression) string {
	if e.literal == number {
		return numeric(e)
	}
	return e.sql
}

// constantInteger calculates with two literals of 64 bits, which a double precision
// does not hold.
func constantInteger(left expression, symbol string, right expression) (expression, bool) {
	a, leftErr := strconv.ParseInt(left.sql, 10, 64)
	b, rightErr := strconv.ParseInt(right.sql, 10, 64)
	if left.literal != number || right.literal != number || leftErr != nil || rightErr != nil {
		return expression{}, false
	}
	sum := new(big.Int)
	switch symbol {
	case "+":
		sum.Add(big.NewInt(a), big.NewInt(b))
	case "-":
		sum.Sub(big.NewInt(a), big.NewInt(b))
	default:
		sum.Mul(big.NewInt(a), big.NewInt(b))
	}
	if !sum.IsInt64() {
		return expression{}, false
	}
	result := expression{sql: sum.String(), level: levelPrimary, literal: number, plain: true}
	if sum.Sign() < 0 {
		result.level = levelProduct
	}
	return result, true
}

// remainder works on the integer parts.
func remainder(left, right expression) expression {
	result := combine(levelPrimary, "sqlite.remainder(sqlite.to_integer("+left.sql+")::double precision, sqlite.to_integer("+right.sql+")::double precision)", left, right)
	result.computed = true
	return result
}

func binaryCall(function string) func(left, right expression) expression {
	return func(left, right expression) expression {
		return combine(levelPrimary, function+"("+left.sql+", "+right.sql+")", left, right)
	}
}

func concatenate(left, right expression) expression {
	return combine(levelConcatenation, asText(left)+" || "+asText(right), left, right)
}

// asText converts an operand to text.
func asText(e expression) string {
	switch {
	case e.literal == text:
		return e.sql
	case e.literal == number && e.real, e.floating:
		return "sqlite.real_text(" + e.sql + ")"
	case e.literal == number && !strings.Contains(e.sql, "("): // all digits of an integer
		return textLiteral(e.sql)
	case e.literal == parameter:
		return "sqlite.parameter_text(" + e.sql + ")"
	}
	return "sqlite.to_text(" + e.sql + ")"
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
