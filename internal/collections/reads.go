package collections

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/sqltext"
)

// Secrets are the columns that nobody may read, because their values allow
// forging tokens or recovering passwords. They are grouped by table; all names
// are in lower case.
type Secrets map[string]map[string]bool

// secretColumns are the secrets in PocketBase's own tables: the token signing
// secrets, and the settings with their passwords.
var secretColumns = map[string][]string{"_collections": {"options"}, "_params": {"value"}}

// FindSecrets returns the secret columns of a database: passwords, hidden
// fields of auth collections, and those of PocketBase's own tables.
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
			if isSecret(collection, field) {
				secrets.add(collection.Name, field.GetName())
			}
		}
	}
	return secrets, nil
}

// isSecret reports whether nobody may read what a field of a collection stores.
func isSecret(collection *core.Collection, field core.Field) bool {
	return field.Type() == core.FieldTypePassword || collection.IsAuth() && field.GetHidden()
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

// Columns returns the secret columns of the given tables, merged.
func (s Secrets) Columns(tables []string) map[string]bool {
	columns := map[string]bool{}
	for _, table := range tables {
		maps.Copy(columns, s[table])
	}
	return columns
}

// Tables returns the tables with secrets that a statement may refer to.
func (s Secrets) Tables(tokens []sqltext.Token) []string {
	names := sqltext.Names(tokens)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(table string) bool { return !names[table] })
}

// AreIn reports whether a view may expose secrets: it names a secret column of
// a table that it reads, selects all columns, or uses the table's name as a
// value, which is a whole-row reference in PostgreSQL.
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

// IsRaw reports whether a system table exposes the content of other tables:
// SQLite's dbstat and statistics, PostgreSQL's catalogs.
func IsRaw(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "sqlite_master", "sqlite_schema", "sqlite_sequence", "sqlite_version":
		return false
	}
	return name == "dbstat" || strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "pg_")
}

// namesRaw reports whether a statement may refer to such a table. A string
// literal in the position of a table counts as its name.
func namesRaw(tokens []sqltext.Token) bool {
	for i, token := range tokens {
		isTable := token.Kind != sqltext.String || i > 0 && tokens[i-1].Is("FROM", "JOIN", ",", "(", ".", "IN")
		if token.IsName() && isTable && IsRaw(token.Value) && !strings.ContainsRune(token.Value, '%') {
			return true
		}
	}
	return false
}

// auditTables are the tables behind the view AuditEvents, and those that say who has
// deleted what is not removed yet.
var auditTables = []string{
	"audit_log", "audit_record_sets", "audit_chains",
	"audit_segments", "audit_segment_contents", "audit_segment_subjects", "audit_segment_agents", "audit_segment_lists",
	"audit_archive_removals", "record_deletions", "file_removals",
}

// IsConfidential reports whether views of a table must be restricted to
// superusers, whatever the table's own rules are: health data, accounts, the
// audit trail, and PocketBase's own tables.
func IsConfidential(table string) bool {
	return Get(table) != nil || slices.Contains(auditTables, table) || IsDerived(table) || strings.HasPrefix(table, "_") || IsRaw(table)
}

// Views are the view collections of a database, by name in lower case. Those of
// operators' collections whose records belong to users have no view: they are nil.
type Views map[string]*core.Collection

// FindViews returns the view collections of a database. If changed is not nil,
// it replaces its stored version.
func FindViews(app core.App, changed *core.Collection) (Views, error) {
	stored, err := app.FindAllCollections(core.CollectionTypeView)
	if err != nil {
		return nil, err
	}
	views := Views{}
	for _, name := range Served(app) {
		if declared := NowOrNil(app, name); declared != nil && declared.Owner != "" {
			views[strings.ToLower(name)] = nil
		}
	}
	for _, view := range stored {
		if changed == nil || view.Id != changed.Id {
			views[strings.ToLower(view.Name)] = view
		}
	}
	switch {
	case changed == nil:
	case changed.IsView():
		views[strings.ToLower(changed.Name)] = changed
	case IsPerUser(app, changed):
		views[strings.ToLower(changed.Name)] = nil
	}
	return views, nil
}

// Reads returns every name in a statement and, recursively, in the views that
// it reads: any of them may be a table. The second result are those views.
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

// IsConfidential reports whether a view reads confidential tables, directly or
// through other views. A view that cannot be parsed counts as confidential.
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
		if view, known := v[name]; IsConfidential(name) || known && view == nil {
			return true
		}
	}
	return false
}

// ShowsSecrets reports whether a statement reads raw system tables, or may
// expose secrets through the views that it reads. It does not check the
// statement's own use of tables with secrets.
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
