package search

import (
	"database/sql/driver"
	"fmt"

	"modernc.org/sqlite"
)

// The functions that SQLite lacks. The triggers call them, so that a program without
// them cannot write to an indexed table and leave its index behind.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("search_grams", -1, func(_ *sqlite.FunctionContext, values []driver.Value) (driver.Value, error) {
		texts, err := textsOf(values)
		if err != nil || len(texts) < 2 {
			return nil, fmt.Errorf("search_grams needs an owner and fields: %w", err)
		}
		return grams(texts[0], texts[1:]), nil
	})
	sqlite.MustRegisterDeterministicScalarFunction("search_contains", -1, func(_ *sqlite.FunctionContext, values []driver.Value) (driver.Value, error) {
		texts, err := textsOf(values)
		if err != nil || len(texts) < 2 {
			return nil, fmt.Errorf("search_contains needs a term and fields: %w", err)
		}
		return contains(texts[0], texts[1:]), nil
	})
}

// textsOf returns the arguments of a function, with numbers as text and "" for NULL.
func textsOf(values []driver.Value) ([]string, error) {
	texts := make([]string, len(values))
	for i, value := range values {
		switch content := value.(type) {
		case nil:
		case string:
			texts[i] = content
		case []byte:
			return nil, fmt.Errorf("argument %d is a blob", i+1)
		default:
			texts[i] = fmt.Sprint(content)
		}
	}
	return texts, nil
}
