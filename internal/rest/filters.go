package rest

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxSearchTerms limits the terms of a search, each of which adds a condition to
// the query.
const maxSearchTerms = 32

var orderingQuery = Field{
	Name: "ordering", Type: String, Example: "-created_at",
	Description: "Comma-separated fields to sort by; prefix a field with `-` for descending order. Unknown fields are ignored.",
}

// Ordering returns the terms of ?ordering= that name readable fields, with a "-"
// prefix for descending order; nil if there are none. It follows DRF's
// OrderingFilter. Repetitions of a field have no effect and are dropped.
func (r *Request) Ordering() []string {
	var terms []string
	seen := map[string]bool{}
	for term := range strings.SplitSeq(r.query("ordering"), ",") {
		term = Strip(term)
		name := strings.TrimPrefix(term, "-")
		readable := slices.ContainsFunc(r.View.Fields, func(field Field) bool {
			return field.IsComparable() && field.Name == name
		})
		if readable && !seen[name] {
			seen[name] = true
			terms = append(terms, term)
		}
	}
	return terms
}

// space is Python's \s as the content of a character class.
const space = `\s\v\x1c-\x1f\x85\p{Z}`

// searchTerm matches what Django's smart_split yields: words and quoted phrases.
var searchTerm = regexp.MustCompile(`(?:[^` + space + `'"]*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[^` + space + `'"]*)+)|[^` + space + `]+`)

// SearchTerms returns the terms of ?search=, all of which an object must match,
// like DRF's SearchFilter.
func (r *Request) SearchTerms() ([]string, error) {
	search := r.query("search")
	if strings.ContainsRune(search, 0) {
		return nil, NullCharacters()
	}
	terms := splitSearch(search)
	if len(terms) > maxSearchTerms {
		return nil, ParseError("The search has too many terms.")
	}
	return terms, nil
}

// splitSearch splits at white space and at commas outside quotes. It drops empty
// phrases, which would match everything.
func splitSearch(search string) []string {
	var terms []string
	for _, term := range searchTerm.FindAllString(search, -1) {
		term = strings.Trim(term, ",")
		if term != "" && (term[0] == '"' || term[0] == '\'') && term[0] == term[len(term)-1] {
			terms = append(terms, unquotePhrase(term))
			continue
		}
		for part := range strings.SplitSeq(term, ",") {
			terms = append(terms, Strip(part))
		}
	}
	return slices.DeleteFunc(terms, func(term string) bool { return term == "" })
}

func unquotePhrase(term string) string {
	if len(term) == 1 {
		return ""
	}
	phrase := strings.ReplaceAll(term[1:len(term)-1], `\`+term[:1], term[:1])
	return strings.ReplaceAll(phrase, `\\`, `\`)
}

// NullCharacters returns DRF's 400 for a search with a null character, which
// databases reject. Its body is a bare array of messages.
func NullCharacters() *Error {
	return &Error{Status: http.StatusBadRequest, Body: []string{"Null characters are not allowed."}}
}

// InvalidChoice is the message of Django's ModelChoiceField for a filter by an
// object that does not exist or that the caller may not see.
const InvalidChoice = "Select a valid choice. That choice is not one of the available choices."

// filterBooleans are the texts that django-filter's BooleanFilter knows; with another
// one it does not filter.
var filterBooleans = map[string]bool{"true": true, "false": false}

// InvalidFilter returns the message for a value that a field cannot be compared with.
func InvalidFilter(field Field) string {
	switch field.Type {
	case Integer, Float:
		return "Enter a number."
	case DateTime:
		return "Enter a valid date/time."
	case PrimaryKey, Choice:
		return InvalidChoice
	}
	return "Null characters are not allowed."
}

// Filter returns the value of an exact filter (?field=), converted to the
// column's type as django-filter does. An empty value does not filter.
func (r *Request) Filter(field Field) (value any, given bool, err error) {
	raw := r.query(field.Name)
	text := Strip(raw)
	switch {
	case raw == "", text == "" && field.Type != PrimaryKey:
		return nil, false, nil
	case field.Type == PrimaryKey:
		id, ok := storedID(raw)
		if !ok {
			return nil, false, FieldInvalid(field.Name, InvalidChoice)
		}
		return id, true, nil
	case field.Type == Integer:
		number, message := filterInteger(text)
		if message != "" {
			return nil, false, FieldInvalid(field.Name, message)
		}
		return number, true, nil
	case field.Type == Float:
		number, ok := parseFloat(text)
		if !ok || math.IsInf(number, 0) {
			return nil, false, FieldInvalid(field.Name, InvalidFilter(field))
		}
		return number, true, nil
	case field.Type == Boolean:
		value, ok := filterBooleans[strings.ToLower(text)]
		return value, ok, nil
	case field.Type == DateTime:
		moment, overflows, ok := parseDateTime(text)
		if !ok || overflows {
			return nil, false, FieldInvalid(field.Name, InvalidFilter(field))
		}
		return moment.Format(StoredTime), true, nil
	case field.Type == Choice && !slices.Contains(field.Choices, text):
		return nil, false, FieldInvalid(field.Name, "Select a valid choice. "+text+" is not one of the available choices.")
	case strings.ContainsRune(text, 0):
		return nil, false, FieldInvalid(field.Name, "Null characters are not allowed.")
	}
	return text, true, nil
}

// maxFilterNumber is the largest value that django-filter's NumberFilter accepts.
const maxFilterNumber = 1e50

var decimalNumber = regexp.MustCompile(`^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$`)

// filterInteger converts a number for comparison with an integer column: it
// drops the fraction and clamps values beyond 64 bits, which no column holds.
func filterInteger(text string) (number int64, message string) {
	text = asciiDigits(strings.ReplaceAll(text, "_", ""))
	if !decimalNumber.MatchString(text) {
		return 0, "Enter a number."
	}
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return number, ""
	}
	approximate, _ := strconv.ParseFloat(text, 64) // infinite beyond its range
	switch {
	case approximate > maxFilterNumber:
		return 0, "Ensure this value is less than or equal to 1e+50."
	case approximate >= math.MaxInt64:
		return math.MaxInt64, ""
	case approximate <= math.MinInt64:
		return math.MinInt64, ""
	}
	return int64(approximate), ""
}
