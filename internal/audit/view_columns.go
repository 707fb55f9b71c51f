package audit

import (
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/sqltext"
)

// viewColumns tells which columns of a view may show ids of health records. Numbers
// are everywhere, so that a value alone does not tell. It maps a column to the names of
// the collections whose ids it may show.
type viewColumns map[string][]string

// columnsOf returns the columns of a view. What a column shows follows from its
// expression if the query is a single SELECT from tables; otherwise every column may
// show the ids of everything that the query reads.
func columnsOf(app core.App, view *core.Collection) (viewColumns, error) {
	views, err := collections.FindViews(app, nil)
	if err != nil {
		return nil, err
	}
	tokens, err := sqltext.Tokenize(view.ViewQuery)
	if err != nil {
		return nil, err
	}
	names, inside, err := views.Reads(tokens)
	if err != nil {
		return nil, err
	}
	query := viewQuery{tokens: tokens}
	for _, declared := range collections.All() {
		if declared.Patient != "" && names[declared.Name] {
			query.tables = append(query.tables, declared.Name)
		}
	}
	selects := 0
	for _, token := range tokens {
		if token.Is("SELECT") {
			selects++
		}
	}
	columns := viewColumns{}
	items, aliases := query.items(), query.aliases()
	for _, field := range view.Fields {
		name := field.GetName()
		expression, found := items[strings.ToLower(name)]
		switch relation, isRelation := field.(*core.RelationField); {
		case isRelation:
			columns[name] = query.ofRelation(app, relation)
		case selects == 1 && len(inside) == 0 && found:
			columns[name] = query.ofExpression(expression, aliases)
		default:
			columns[name] = query.tables
		}
	}
	return columns, nil
}

// viewQuery is the query of a view.
type viewQuery struct {
	tokens []sqltext.Token
	// tables are the collections of health records that it reads.
	tables []string
}

// items returns the expressions of the first select list by their lower-case aliases.
func (q viewQuery) items() map[string][]sqltext.Token {
	items, depth, start := map[string][]sqltext.Token{}, 0, 1
	for i, token := range q.tokens {
		switch {
		case token.Is("("):
			depth++
		case token.Is(")"):
			depth--
		case depth == 0 && i > start && token.Is(",", "FROM"):
			item := q.tokens[start:i]
			items[strings.ToLower(item[len(item)-1].Value)] = item
			if start = i + 1; token.Is("FROM") {
				return items
			}
		}
	}
	return items
}

// aliases returns the tables that the query names after FROM, JOIN and commas by their
// lower-case aliases.
func (q viewQuery) aliases() map[string]string {
	aliases := map[string]string{}
	for i, token := range q.tokens {
		if i == 0 || !token.IsName() || !q.tokens[i-1].Is("FROM", "JOIN", ",") {
			continue
		}
		table := strings.ToLower(token.Value)
		aliases[table] = table
		for _, next := range q.tokens[i+1 : min(i+3, len(q.tokens))] {
			if !next.Is("AS") {
				aliases[strings.ToLower(next.Value)] = table
				break
			}
		}
	}
	return aliases
}

// ofRelation returns the collections whose ids a relation shows.
func (q viewQuery) ofRelation(app core.App, relation *core.RelationField) []string {
	target, err := app.FindCachedCollectionByNameOrId(relation.CollectionId)
	if err != nil || target.IsView() {
		return q.tables
	}
	if declared := collections.Get(target.Name); declared != nil && declared.Patient != "" {
		return []string{target.Name}
	}
	return nil
}

// ofExpression returns the collections whose ids an expression may show.
func (q viewQuery) ofExpression(expression []sqltext.Token, aliases map[string]string) []string {
	var found []string
	at := func(i int) sqltext.Token {
		if i < 0 || i >= len(expression) {
			return sqltext.Token{Kind: sqltext.Operator}
		}
		return expression[i]
	}
	if at(0).Is("COUNT") && at(1).Is("(") {
		return nil
	}
	for i, token := range expression {
		name := strings.ToLower(token.Value)
		if !token.IsName() || at(i-1).Is("AS") || at(i+1).Is("(", ".") {
			continue
		}
		tables := q.tables
		if table := aliases[strings.ToLower(at(i-2).Value)]; at(i-1).Is(".") && table != "" {
			tables = slices.DeleteFunc(slices.Clone(q.tables), func(name string) bool { return name != table })
		}
		for _, table := range tables {
			switch declared := collections.Get(table); {
			case name == core.FieldNameId:
				found = append(found, table)
			case name == declared.Patient:
				found = append(found, collections.Patients)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
