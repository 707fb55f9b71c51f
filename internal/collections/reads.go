package collections

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/sqltext"
)

// Secrets are the columns that nobody reads, with whose values tokens can be
// forged or passwords be found: by table, both in lower case.
type Secrets map[string]map[string]bool

// secretColumns are those of PocketBase's own tables: the secrets that tokens are
// signed with, and the settings with their passwords.
var secretColumns = map[string][]string{"_collections": {"options"}, "_params": {"value"}}

// FindSecrets returns the secret columns of a database: passwords, the hidden
// fields of accounts, and those of PocketBase's own tables.
func FindSecrets(app core.App) (Secrets, error) {
	stored, err := app.FindAllCollections(core.CollectionTypeBase, core.CollectionTypeAuth)
	if err != nil {
		return nil, err
	}
	secrets := Secrets{}
	for table, columns := range secretColumns {
		secrets.add(table, columns...)
	}
	for _, collection := range stored {
		for _, field := range collection.Fields {
			if field.Type() == core.FieldTypePassword || collection.IsAuth() && field.GetHidden() {
				secrets.add(collection.Name, field.GetName())
			}
		}
	}
	return secrets, nil
}

func (s Secrets) add(table string, columns ...string) {
	table = strings.ToLower(table)
	if s[table] == nil {
		s[table] = map[string]bool{}
	}
	for _, column := range columns {
		s[table][strings.ToLower(column)] = true
	}
}

// Columns returns the secret columns of some tables.
func (s Secrets) Columns(tables []string) map[string]bool {
	columns := map[string]bool{}
	for _, table := range tables {
		maps.Copy(columns, s[table])
	}
	return columns
}

// Tables returns the tables with secrets that a statement may name.
func (s Secrets) Tables(tokens []sqltext.Token) []string {
	names := sqltext.Names(tokens)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(table string) bool { return !names[table] })
}

// AreIn reports whether a view may show secrets: it names a secret column of a
// table that it names, takes all columns, or takes the table's name for a value,
// as PostgreSQL allows.
func (s Secrets) AreIn(tokens []sqltext.Token) bool {
	tables := s.Tables(tokens)
	if len(tables) == 0 {
		return false
	}
	secret, aliases := s.Columns(tables), map[string]bool{}
	for _, table := range tables {
		aliases[table] = true
	}
	at := func(i int) sqltext.Token {
		if i < 0 || i >= len(tokens) {
			return sqltext.Token{Kind: sqltext.Operator}
		}
		return tokens[i]
	}
	for i, token := range tokens {
		name := strings.ToLower(token.Value)
		switch {
		case token.Is("*") && at(i-1).Is("SELECT", "ALL", "DISTINCT", ",", "."):
			return true
		case !token.IsName():
		case secret[name] && token.Kind != sqltext.String:
			return true
		case aliases[name] && token.Kind != sqltext.String && at(i-1).Is("SELECT", "(") && !at(i+1).Is("."):
			return true
		case aliases[name] && !at(i+1).Is(".") && !at(i-1).Is("FROM", "JOIN", ",", ".", "AS", "("):
			return true
		}
	}
	return false
}

// IsRaw reports whether a name is a table's through which a database shows the
// content of others: SQLite's pages and samples, PostgreSQL's catalogs.
func IsRaw(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "sqlite_master", "sqlite_schema", "sqlite_sequence", "sqlite_version":
		return false
	}
	return name == "dbstat" || strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "pg_")
}

// namesRaw reports whether a statement may name such a table. A text is a name
// where a table stands.
func namesRaw(tokens []sqltext.Token) bool {
	for i, token := range tokens {
		isTable := token.Kind != sqltext.String || i > 0 && tokens[i-1].Is("FROM", "JOIN", ",", "(", ".", "IN")
		if token.IsName() && isTable && IsRaw(token.Value) && !strings.ContainsRune(token.Value, '%') {
			return true
		}
	}
	return false
}

// auditTables are the tables behind AuditEvents.
var auditTables = []string{"audit_log", "audit_record_sets", "audit_chains"}

// IsConfidential reports whether a table is for superusers, whoever else its
// records are shown to: health data, accounts, the audit trail, and PocketBase's
// own.
func IsConfidential(table string) bool {
	return Get(table) != nil || slices.Contains(auditTables, table) || strings.HasPrefix(table, "_") || IsRaw(table)
}

// Views are the queries of a database's view collections, by name in lower case.
type Views map[string]*core.Collection

// FindViews returns the view collections of a database, with one replaced by what
// it is about to be, if given.
func FindViews(app core.App, changed *core.Collection) (Views, error) {
	stored, err := app.FindAllCollections(core.CollectionTypeView)
	if err != nil {
		return nil, err
	}
	views := Views{}
	for _, view := range stored {
		if changed == nil || view.Id != changed.Id {
			views[strings.ToLower(view.Name)] = view
		}
	}
	if changed != nil {
		views[strings.ToLower(changed.Name)] = changed
	}
	return views, nil
}

// Reads returns every name in a statement, and in the views that it reads, and in
// those that they read: all that may be a table. The second result are the views.
func (v Views) Reads(tokens []sqltext.Token) (names map[string]bool, views []*core.Collection, err error) {
	names = sqltext.Names(tokens)
	pending := slices.Collect(maps.Keys(names))
	for len(pending) > 0 {
		view := v[pending[0]]
		pending = pending[1:]
		if view == nil || slices.Contains(views, view) {
			continue
		}
		views = append(views, view)
		inside, err := sqltext.Tokenize(view.ViewQuery)
		if err != nil {
			return nil, nil, fmt.Errorf("the view %s: %w", view.Name, err)
		}
		for name := range sqltext.Names(inside) {
			if !names[name] {
				names[name] = true
				pending = append(pending, name)
			}
		}
	}
	return names, views, nil
}

// IsConfidential reports whether a view reads what is for superusers, directly or
// through other views. So does one that cannot be read.
func (v Views) IsConfidential(view *core.Collection) bool {
	tokens, err := sqltext.Tokenize(view.ViewQuery)
	if err != nil {
		return true
	}
	names, _, err := v.Reads(tokens)
	if err != nil {
		return true
	}
	for name := range names {
		if IsConfidential(name) {
			return true
		}
	}
	return false
}

// ShowsSecrets reports whether a statement may show secrets or a database's raw
// content through what it names itself or through the views that it reads. What
// the statement itself does with tables that have secrets is not looked at.
func (v Views) ShowsSecrets(tokens []sqltext.Token, secrets Secrets) (bool, error) {
	_, views, err := v.Reads(tokens)
	if err != nil || namesRaw(tokens) {
		return true, err
	}
	for _, view := range views {
		inside, err := sqltext.Tokenize(view.ViewQuery)
		if err != nil {
			return true, err
		}
		if secrets.AreIn(inside) || namesRaw(inside) {
			return true, nil
		}
	}
	return false, nil
}

// AccountSecrets returns the names of the program's own hidden fields of accounts,
// such as password and tokenKey, by which nobody filters or sorts.
func AccountSecrets(app core.App) ([]string, error) {
	stored, err := app.FindCachedCollectionByNameOrId(Users)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range users.Fields() {
		if field := stored.Fields.GetByName(name); field != nil && field.GetHidden() {
			names = append(names, name)
		}
	}
	return names, nil
}
