package translate

import "strings"

// function tells how a function of SQLite is called in PostgreSQL.
type function struct {
	// minimum and maximum limit the number of arguments; a maximum of -1 is
	// none.
	minimum, maximum int
	translate        func(arguments []expression) expression
}

// aggregates are the functions over many rows. max and min are aggregates if
// they have one argument.
var aggregates = map[string]string{
	"count": "pg_catalog.count", "sum": "sum", "total": "sqlite.total", "avg": "avg", "min": "min", "max": "max",
	"group_concat": "sqlite.group_concat", "string_agg": "sqlite.group_concat",
	"json_group_array": "sqlite.json_group_array", "json_group_object": "sqlite.json_group_object",
}

// windowFunctions are the functions that require OVER.
var windowFunctions = map[string]bool{
	"row_number": true, "rank": true, "dense_rank": true, "percent_rank": true, "cume_dist": true, "ntile": true,
	"lag": true, "lead": true, "first_value": true, "last_value": true, "nth_value": true,
}

// functions are the functions over one row.
var functions = map[string]function{
	"abs":               {1, 1, absolute},
	"acos":              overNumbers("sqlite.acos", 1),
	"asin":              overNumbers("sqlite.asin", 1),
	"atan":              overNumbers("pg_catalog.atan", 1),
	"atan2":             overNumbers("pg_catalog.atan2", 2),
	"ceil":              overNumbers("pg_catalog.ceil", 1),
	"ceiling":           overNumbers("pg_catalog.ceil", 1),
	"cos":               overNumbers("pg_catalog.cos", 1),
	"degrees":           overNumbers("pg_catalog.degrees", 1),
	"exp":               overNumbers("sqlite.exp", 1),
	"floor":             overNumbers("pg_catalog.floor", 1),
	"ln":                overNumbers("sqlite.ln", 1),
	"log":               overNumbers("sqlite.log10", 1),
	"log10":             overNumbers("sqlite.log10", 1),
	"mod":               overNumbers("sqlite.remainder_real", 2),
	"pi":                overNumbers("pg_catalog.pi", 0),
	"pow":               overNumbers("sqlite.power", 2),
	"power":             overNumbers("sqlite.power", 2),
	"radians":           overNumbers("pg_catalog.radians", 1),
	"sign":              overNumbers("pg_catalog.sign", 1),
	"sin":               overNumbers("pg_catalog.sin", 1),
	"sqrt":              overNumbers("sqlite.sqrt", 1),
	"tan":               overNumbers("pg_catalog.tan", 1),
	"trunc":             overNumbers("pg_catalog.trunc", 1),
	"round":             {1, 2, roundCall},
	"random":            named("sqlite.random", 0, 0),
	"randomblob":        named("sqlite.randomblob", 1, 1),
	"hex":               {1, 1, hexCall},
	"quote":             {1, 1, quoteCall},
	"typeof":            {1, 1, typeOf},
	"char":              named("sqlite.char", 1, -1),
	"unicode":           overText("sqlite.unicode", 1, 1),
	"length":            overText("pg_catalog.length", 1, 1),
	"lower":             {1, 1, changeCase("pg_catalog.lower")},
	"upper":             {1, 1, changeCase("pg_catalog.upper")},
	"trim":              overText("pg_catalog.btrim", 1, 2),
	"ltrim":             overText("pg_catalog.ltrim", 1, 2),
	"rtrim":             overText("pg_catalog.rtrim", 1, 2),
	"replace":           overText("sqlite.replace", 3, 3),
	"instr":             overText("pg_catalog.strpos", 2, 2),
	"concat":            {1, -1, textCall("pg_catalog.concat", 0)},
	"concat_ws":         {2, -1, textCall("pg_catalog.concat_ws", 1)},
	"substr":            {2, 3, substring},
	"substring":         {2, 3, substring},
	"coalesce":          {2, -1, coalesce},
	"ifnull":            {2, 2, coalesce},
	"nullif":            {2, 2, nullIf},
	"iif":               {2, 3, iif},
	"if":                {2, 3, iif},
	"max":               {2, -1, extreme("GREATEST")},
	"min":               {2, -1, extreme("LEAST")},
	"search_contains":   named("sqlite.search_contains", 4, -1),
	"search_fold":       named("sqlite.search_fold", 1, 1),
	"try_lock":          {1, 1, tryLock},
	"likely":            {1, 1, func(a []expression) expression { return a[0] }},
	"unlikely":          {1, 1, func(a []expression) expression { return a[0] }},
	"strftime":          {1, -1, dateCall("sqlite.strftime", 1)},
	"date":              {0, -1, dateCall("sqlite.date", 0)},
	"time":              {0, -1, dateCall(`sqlite."time"`, 0)},
	"datetime":          {0, -1, dateCall("sqlite.datetime", 0)},
	"julianday":         {0, -1, dateCall("sqlite.julianday", 0)},
	"unixepoch":         {0, -1, dateCall("sqlite.unixepoch", 0)},
	"json":              {1, 1, func(a []expression) expression { return asJSON("sqlite.json("+join(a)+")", a) }},
	"json_array":        {0, -1, jsonArray},
	"json_object":       {0, -1, jsonObject},
	"json_quote":        {1, 1, func(a []expression) expression { return asJSON(jsonQuoted(a)[0], a) }},
	"json_type":         named("sqlite.json_type", 1, 2),
	"json_valid":        {1, 1, jsonValid},
	"json_extract":      {2, -1, jsonExtract},
	"json_array_length": named("sqlite.json_array_length", 1, 2),
	"sequence_last":     named("sqlite.sequence_last", 1, 1),
	"sequence_next":     named("sqlite.sequence_next", 1, 1),
	"sequence_raise":    named("sqlite.sequence_raise", 2, 2),
}

// named is a function that only has another name in PostgreSQL.
func named(name string, minimum, maximum int) function {
	return function{minimum, maximum, func(arguments []expression) expression {
		return combine(levelPrimary, name+"("+join(arguments)+")", arguments...)
	}}
}

func absolute(arguments []expression) expression {
	result := combine(levelPrimary, "pg_catalog.abs("+numeric(arguments[0])+")", arguments...)
	result.real, result.floating = arguments[0].real, arguments[0].floating
	return result
}

// overNumbers is a function of numbers. It is NULL for arguments that are not
// numbers.
func overNumbers(name string, count int) function {
	return function{count, count, func(arguments []expression) expression {
		operands := make([]string, len(arguments))
		for i, argument := range arguments {
			operands[i] = "sqlite.numeric_argument(" + argument.sql + ")"
			if argument.literal == number {
				operands[i] = numeric(argument)
			}
		}
		result := combine(levelPrimary, name+"("+strings.Join(operands, ", ")+")", arguments...)
		result.real = true
		return result
	}}
}

// overText is a function of texts.
func overText(name string, minimum, maximum int) function {
	return function{minimum, maximum, textCall(name, 0)}
}

// tryLock is the program's own function: 1 if the transaction now holds the lock of
// a name, 0 if another one does. In SQLite a transaction that writes is alone.
func tryLock(arguments []expression) expression {
	return combine(levelPrimary, "CASE WHEN pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended("+asText(arguments[0])+", 0)) THEN 1 ELSE 0 END", arguments...)
}

// changeCase changes ASCII letters only.
func changeCase(name string) func([]expression) expression {
	return func(arguments []expression) expression {
		return combine(levelPrimary, name+"("+asText(arguments[0])+` COLLATE "C")`, arguments...)
	}
}

func roundCall(arguments []expression) expression {
	digits := "0"
	if len(arguments) == 2 {
		digits = "sqlite.to_integer(" + arguments[1].sql + ")"
	}
	result := combine(levelPrimary, "sqlite.round("+numeric(arguments[0])+", "+digits+")", arguments...)
	result.real, result.floating = true, true
	return result
}

func substring(arguments []expression) expression {
	sql := "sqlite.substr(" + asText(arguments[0])
	for _, argument := range arguments[1:] {
		sql += ", sqlite.to_integer(" + argument.sql + ")"
	}
	return combine(levelPrimary, sql+")", arguments...)
}

// coalesce nests two-argument calls, because the overloads accept two arguments
// of different types.
func coalesce(arguments []expression) expression {
	last := len(arguments) - 1
	sql := arguments[last].sql
	for i := last - 1; i >= 0; i-- {
		sql = "sqlite.ifnull(" + arguments[i].sql + ", " + sql + ")"
	}
	result := combine(levelPrimary, sql, arguments...)
	result.boolean = true
	for _, argument := range arguments {
		result.boolean = result.boolean && argument.boolean
		result.mixed = result.mixed || argument.mixed || argument.literal != arguments[0].literal
	}
	return result
}

func iif(arguments []expression) expression {
	return chooseCase([]string{truth(arguments[0])}, arguments[1:], arguments[:1])
}

// nullIf compares as = does, where NULLIF knows types only.
func nullIf(arguments []expression) expression {
	left, right := arguments[0], arguments[1]
	left.plain, right.plain = true, true // arguments of functions have no affinity
	result := combine(levelPrimary, "CASE WHEN "+comparison("=")(left, right).sql+" THEN NULL ELSE "+arguments[0].sql+" END", arguments...)
	result.boolean, result.mixed = arguments[0].boolean, arguments[0].mixed
	return result
}

// extreme is max or min of several values. It is NULL if one of them is.
func extreme(name string) func([]expression) expression {
	return func(arguments []expression) expression {
		values := sameType(arguments)
		conditions := make([]string, len(values))
		for i, value := range values {
			conditions[i] = value + " IS NULL"
		}
		return combine(levelPrimary, "CASE WHEN "+strings.Join(conditions, " OR ")+" THEN NULL ELSE "+name+"("+strings.Join(values, ", ")+") END", arguments...)
	}
}

// dateCall replaces 'now' and a missing time by the clock: the date functions
// themselves are immutable, so that indexes can use them.
func dateCall(name string, formats int) func([]expression) expression {
	return func(arguments []expression) expression {
		var operands []string
		for i, argument := range arguments {
			if i == formats && strings.EqualFold(argument.assigned, "'now'") {
				operands = append(operands, "sqlite.now_text()")
				continue
			}
			operands = append(operands, asText(argument))
		}
		if len(arguments) == formats {
			operands = append(operands, "sqlite.now_text()")
		}
		result := combine(levelPrimary, name+"("+strings.Join(operands, ", ")+")", arguments...)
		result.real = name == "sqlite.julianday"
		result.floating = result.real
		return result
	}
}

// quoteCall keeps the decimal point of a number, which its value does not have.
func quoteCall(arguments []expression) expression {
	if arguments[0].literal == number {
		return combine(levelPrimary, asText(arguments[0]), arguments...)
	}
	if arguments[0].floating {
		return combine(levelPrimary, "COALESCE("+asText(arguments[0])+", 'NULL')", arguments...)
	}
	return combine(levelPrimary, "sqlite.quote("+arguments[0].sql+")", arguments...)
}

// hexCall has the digits of a blob, or of a value's text.
func hexCall(arguments []expression) expression {
	operand := arguments[0].sql
	if arguments[0].literal == number || arguments[0].floating {
		operand = asText(arguments[0])
	}
	return combine(levelPrimary, "sqlite.hex("+operand+")", arguments...)
}

func typeOf(arguments []expression) expression {
	sql := "sqlite.typeof(" + arguments[0].sql + ")"
	if arguments[0].floating {
		sql = "CASE WHEN " + within(arguments[0], levelPrimary) + " IS NULL THEN 'null' ELSE 'real' END"
	}
	return combine(levelPrimary, sql, arguments...)
}

// jsonExtract returns one value, or the values of several paths as a JSON array.
func jsonExtract(arguments []expression) expression {
	if len(arguments) == 2 {
		result := combine(levelPrimary, "sqlite.json_extract("+join(arguments)+")", arguments...)
		part := "sqlite.json_at(" + asText(arguments[0]) + ", " + arguments[1].sql + ")" // only arrays and objects are JSON
		result.json = "CASE WHEN " + part + " ~ '^[[{]' THEN " + part + " ELSE sqlite.json_quote(" + result.sql + ") END"
		return result
	}
	return asJSON("sqlite.json_extract_all("+join(arguments)+")", arguments)
}

// asJSON is a call whose result is JSON.
func asJSON(sql string, arguments []expression) expression {
	result := combine(levelPrimary, sql, arguments...)
	result.json = sql
	return result
}

func jsonArray(arguments []expression) expression {
	return asJSON(variadicCall("sqlite.json_array", jsonQuoted(arguments), 0), arguments)
}

func jsonObject(arguments []expression) expression {
	return asJSON(variadicCall("sqlite.json_object", jsonQuoted(arguments), 0), arguments)
}

// jsonQuoted converts each argument to JSON text, so that one function accepts
// any number of arguments of any types.
func jsonQuoted(arguments []expression) []string {
	values := make([]string, len(arguments))
	for i, argument := range arguments {
		switch {
		case argument.json != "":
			values[i] = "COALESCE(" + argument.json + ", 'null')"
		case argument.floating:
			values[i] = "COALESCE(" + asText(argument) + ", 'null')"
		default:
			values[i] = "sqlite.json_quote(" + argument.sql + ")"
		}
	}
	return values
}

func jsonValid(arguments []expression) expression {
	result := combine(levelPrimary, "sqlite.json_valid("+arguments[0].sql+")", arguments...)
	result.boolean = true
	return result
}
