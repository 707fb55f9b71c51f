package rest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// maxSearchTerms bounds the conditions that one search can cost.
const maxSearchTerms = 32

// Ordering returns the terms of ?ordering= that name readable fields, "-" for
// descending, or nil if there are none, as DRF's OrderingFilter.
func (r *Request) Ordering() []string {
	var terms []string
	for term := range strings.SplitSeq(r.query("ordering"), ",") {
		term = Strip(term)
		named := slices.ContainsFunc(r.View.Fields, func(field Field) bool {
			return !field.WriteOnly && field.Name == strings.TrimPrefix(term, "-")
		})
		if named && len(terms) < len(r.View.Fields) {
			terms = append(terms, term)
		}
	}
	return terms
}

// searchTerm splits as Django's smart_split: quoted phrases stay together.
var searchTerm = regexp.MustCompile(`(?:[^\s'"]*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[^\s'"]*)+)|\S+`)

var unescapeQuoted = strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`)

// SearchTerms returns the terms of ?search=, all of which must be found, as
// DRF's SearchFilter.
func (r *Request) SearchTerms() ([]string, error) {
	search := r.query("search")
	if strings.ContainsRune(search, 0) {
		return nil, &Error{Status: http.StatusBadRequest, Body: []string{"Null characters are not allowed."}}
	}
	var terms []string
	for _, term := range searchTerm.FindAllString(search, -1) {
		term = strings.Trim(term, ",")
		if len(term) > 1 && (term[0] == '"' || term[0] == '\'') && term[0] == term[len(term)-1] {
			terms = append(terms, unescapeQuoted.Replace(term[1:len(term)-1]))
			continue
		}
		for part := range strings.SplitSeq(term, ",") {
			if part != "" {
				terms = append(terms, Strip(part))
			}
		}
	}
	if len(terms) > maxSearchTerms {
		return nil, ParseError("The search has too many terms.")
	}
	return terms, nil
}

// Filter returns the value of an exact filter (?field=) as its column holds
// it, as django-filter's. An empty value does not filter.
func (r *Request) Filter(field Field) (value any, given bool, err error) {
	text := Strip(r.query(field.Name))
	if text == "" {
		return nil, false, nil
	}
	if strings.ContainsRune(text, 0) {
		return nil, false, FieldInvalid(field.Name, "Null characters are not allowed.")
	}
	if field.Type != Integer {
		return text, true, nil
	}
	number, messages := (&Field{Type: Integer}).convertInteger(text)
	if messages != nil {
		return nil, false, FieldInvalid(field.Name, "Enter a number.")
	}
	return number, true, nil
}

// query returns the last value of a query parameter, as Django's QueryDict.
func (r *Request) query(name string) string {
	values := r.Request.URL.Query()[name]
	if len(values) == 0 {
		return ""
	}
	return strings.ToValidUTF8(values[len(values)-1], "\uFFFD")
}
