package rest

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxSearchTerms bounds the conditions that one search can cost.
const maxSearchTerms = 32

var orderingQuery = Field{
	Name: "ordering", Type: String, Example: "-created_at",
	Description: "The fields to sort by, separated by commas; `-` before a field is for descending. Names of no field are passed over.",
}

// Ordering returns the terms of ?ordering= that name readable fields, "-" for
// descending, or nil if there are none, as DRF's OrderingFilter. A field that
// comes again decides nothing and is left out.
func (r *Request) Ordering() []string {
	var terms []string
	seen := map[string]bool{}
	for term := range strings.SplitSeq(r.query("ordering"), ",") {
		term = Strip(term)
		name := strings.TrimPrefix(term, "-")
		readable := slices.ContainsFunc(r.View.Fields, func(field Field) bool {
			return !field.WriteOnly && field.Name == name
		})
		if readable && !seen[name] {
			seen[name] = true
			terms = append(terms, term)
		}
	}
	return terms
}

// space is Python's \s in a class of characters.
const space = `\s\v\x1c-\x1f\x85\p{Z}`

// searchTerm splits as Django's smart_split: quoted phrases stay together.
var searchTerm = regexp.MustCompile(`(?:[^` + space + `'"]*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[^` + space + `'"]*)+)|[^` + space + `]+`)

// SearchTerms returns the terms of ?search=, all of which must be found, as
// DRF's SearchFilter.
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

// splitSearch splits at white space and commas outside quotes. Empty phrases,
// which are everywhere, are left out.
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

// NullCharacters is the 400 of a search that no database can be asked for. Its
// body is the messages alone.
func NullCharacters() *Error {
	return &Error{Status: http.StatusBadRequest, Body: []string{"Null characters are not allowed."}}
}

// InvalidChoice is the message for a filter by an object that the caller cannot
// see, as Django's ModelChoiceField.
const InvalidChoice = "Select a valid choice. That choice is not one of the available choices."

// Filter returns the value of an exact filter (?field=) as its column holds
// it, as django-filter's. An empty value does not filter.
func (r *Request) Filter(field Field) (value any, given bool, err error) {
	raw := r.query(field.Name)
	text := Strip(raw)
	switch {
	case raw == "", text == "" && field.Type != PrimaryKey:
		return nil, false, nil
	case field.Type == Integer:
		number, message := filterInteger(text)
		if message != "" {
			return nil, false, FieldInvalid(field.Name, message)
		}
		return number, true, nil
	case strings.ContainsRune(text, 0) && field.Type == PrimaryKey:
		return nil, false, FieldInvalid(field.Name, InvalidChoice)
	case strings.ContainsRune(text, 0):
		return nil, false, FieldInvalid(field.Name, "Null characters are not allowed.")
	}
	return text, true, nil
}

// maxFilterNumber is the largest that django-filter's NumberFilter takes.
const maxFilterNumber = 1e50

var decimalNumber = regexp.MustCompile(`^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$`)

// filterInteger reads a number for an integer column, which forgets what is
// behind the point. What no column can hold becomes what none does hold.
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
