package server

import (
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/sqltext"
)

// mask replaces the value of a secret.
const mask = "'***'"

// maskSecrets returns an equivalent statement with masked secrets: common table
// expressions with masked columns shadow the tables that have secrets, so no name,
// expression, index or plan reaches the values. ok is false for a query that uses
// secrets other than as a column of its result, or whose tables cannot be shadowed.
func maskSecrets(app core.App, query string, tokens []sqltext.Token) (masked string, ok bool, err error) {
	secrets, err := collections.FindSecrets(app)
	if err != nil {
		return "", false, err
	}
	views, err := collections.FindViews(app, nil)
	if err != nil {
		return "", false, err
	}
	if shows, err := views.ShowsSecrets(tokens, secrets); shows || err != nil {
		return "", false, err
	}
	tables := secrets.Tables(tokens)
	if len(tables) == 0 || tokens[0].Is("PRAGMA") {
		return query, true, nil
	}
	for i, token := range tokens {
		// A name qualified with a schema bypasses the common table expression.
		if i > 0 && tokens[i-1].Is(".") && token.IsName() && slices.Contains(tables, strings.ToLower(token.Value)) {
			return "", false, nil
		}
	}
	if !sqltext.OutputsOnly(tokens, secrets.Columns(tables)) {
		return "", false, nil
	}
	definitions, err := maskedTables(app, secrets, tables)
	if err != nil {
		return "", false, err
	}
	return withTables(query, tokens, definitions), true, nil
}

// maskedTables returns common table expressions that shadow the tables of the same
// names.
func maskedTables(app core.App, secrets collections.Secrets, tables []string) (string, error) {
	var definitions []string
	for _, table := range tables {
		// Qualified with the schema, the name is not a recursive reference in SQLite.
		// The translation to PostgreSQL drops the schema.
		name := table
		if collection, err := app.FindCachedCollectionByNameOrId(table); err == nil {
			name = collection.Name
		}
		stored, err := app.TableColumns(name)
		if err != nil {
			return "", err
		}
		columns := make([]string, len(stored))
		for i, column := range stored {
			columns[i] = quoteName(column)
			if secrets[table][strings.ToLower(column)] {
				columns[i] = mask + " AS " + columns[i]
			}
		}
		definitions = append(definitions, quoteName(name)+" AS (SELECT "+strings.Join(columns, ", ")+" FROM main."+quoteName(name)+")")
	}
	return strings.Join(definitions, ", "), nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// withTables puts common table expressions before the query's own.
func withTables(query string, tokens []sqltext.Token, definitions string) string {
	first := 0
	if tokens[first].Is("EXPLAIN") {
		if first++; first+1 < len(tokens) && tokens[first].Is("QUERY") {
			first += 2
		}
	}
	explain, rest := query[:tokens[first].Start], query[tokens[first].Start:tokens[len(tokens)-1].End]
	switch {
	case !tokens[first].Is("WITH"):
		return explain + "WITH " + definitions + " " + rest
	case tokens[first+1].Is("RECURSIVE"):
		return explain + "WITH " + definitions + " SELECT * FROM (" + rest + ")"
	}
	return explain + "WITH " + definitions + ", " + query[tokens[first+1].Start:tokens[len(tokens)-1].End]
}
