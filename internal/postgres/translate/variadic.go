package translate

import (
	"slices"
	"strings"
)

// textCall calls a function of texts, the first of which are single parameters.
func textCall(name string, single int) func([]expression) expression {
	return func(arguments []expression) expression {
		operands := make([]string, len(arguments))
		for i, argument := range arguments {
			operands[i] = asText(argument)
		}
		return combine(levelPrimary, variadicCall(name, operands, single), arguments...)
	}
}

// maxArguments is how many arguments PostgreSQL passes to a function at most.
const maxArguments = 100

// variadicCall calls a function of texts whose last parameter is variadic, after some single
// ones, with any number of arguments.
func variadicCall(name string, arguments []string, single int) string {
	if len(arguments) > maxArguments {
		rest := "VARIADIC ARRAY[" + strings.Join(arguments[single:], ", ") + "]"
		arguments = append(slices.Clone(arguments[:single]), rest)
	}
	return name + "(" + strings.Join(arguments, ", ") + ")"
}
