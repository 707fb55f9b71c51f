package source

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// profile describes the objects of a dumpdata file. The format contains neither types
// nor the targets of foreign keys, so both are inferred from values and names.
type profile struct {
	models map[string]*model
	order  []string
}

type model struct {
	rows   int64
	fields map[string]*fieldProfile
	order  []string
}

// fieldProfile records which kinds of values a field has.
type fieldProfile struct {
	seen [List + 1]bool
	// any is set if the texts have no common kind.
	any bool
}

func newProfile() *profile { return &profile{models: map[string]*model{}} }

func (p *profile) add(found *object) error {
	known := p.models[found.Model]
	if known == nil {
		if len(p.models) == maxTables {
			return fmt.Errorf("more than %d models", maxTables)
		}
		known = &model{fields: map[string]*fieldProfile{}}
		p.models[found.Model] = known
		p.order = append(p.order, found.Model)
	}
	known.rows++
	known.note(dumpdataKey, found.PK)
	for name, raw := range found.Fields {
		known.note(name, raw)
	}
	if len(known.fields) > maxColumns {
		return fmt.Errorf("%.80s has more than %d fields", found.Model, maxColumns)
	}
	return nil
}

func (m *model) note(name string, raw json.RawMessage) {
	field := m.fields[name]
	if field == nil {
		field = &fieldProfile{}
		m.fields[name] = field
		m.order = append(m.order, name)
	}
	if kind, ok := rawKind(raw); ok {
		field.seen[kind], field.any = true, true
	}
}

var (
	datePattern     = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	dateTimePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?$`)
	uuidPattern     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// Length bounds of texts worth matching against the patterns.
const (
	dateLength        = len("2006-01-02")
	minDateTimeLength = len("2006-01-02T15:04:05")
	maxDateTimeLength = len("2006-01-02T15:04:05.000000000+00:00")
	uuidLength        = 36
)

// rawKind returns the kind of a JSON value; ok is false for null.
func rawKind(raw json.RawMessage) (kind Kind, ok bool) {
	if len(raw) == 0 {
		return 0, false
	}
	switch raw[0] {
	case 'n':
		return 0, false
	case 't', 'f':
		return Bool, true
	case '{':
		return JSON, true
	case '[':
		var keys []json.Number
		if json.Unmarshal(raw, &keys) == nil {
			return List, true
		}
		return JSON, true
	case '"':
		return textKind(raw[1 : len(raw)-1]), true
	}
	if strings.ContainsAny(string(raw), ".eE") {
		return Float, true
	}
	return Integer, true
}

func textKind(text []byte) Kind {
	switch length := len(text); {
	case length == dateLength && datePattern.Match(text):
		return Date
	case length >= minDateTimeLength && length <= maxDateTimeLength && dateTimePattern.Match(text):
		return DateTime
	case length == uuidLength && uuidPattern.Match(text):
		return UUID
	}
	return Text
}

// kind returns the kind that can hold all values.
func (f *fieldProfile) kind() Kind {
	var kinds []Kind
	for kind, seen := range f.seen {
		if seen {
			kinds = append(kinds, Kind(kind))
		}
	}
	switch {
	case len(kinds) == 1:
		return kinds[0]
	case slices.Equal(kinds, []Kind{Integer, Float}):
		return Float
	case slices.Contains(kinds, JSON), slices.Contains(kinds, List):
		return JSON
	}
	return Text
}

// tables returns the models as tables, with the foreign keys that names reveal.
func (p *profile) tables() []Table {
	tables := make([]Table, 0, len(p.order))
	for _, name := range p.order {
		found := p.models[name]
		table := Table{Name: name, Rows: found.rows, Key: dumpdataKey}
		slices.Sort(found.order)
		for _, field := range found.order {
			table.Columns = append(table.Columns, Column{Name: field, Kind: found.fields[field].kind()})
		}
		tables = append(tables, table)
	}
	for i := range tables {
		for j := range tables[i].Columns {
			column := &tables[i].Columns[j]
			if column.Name != dumpdataKey && (column.Kind == Integer || column.Kind == UUID || !p.models[tables[i].Name].fields[column.Name].any) {
				column.References = referenced(column.Name, tables)
			}
		}
	}
	return tables
}

var ownerPattern = regexp.MustCompile(`(?i)(^|_)(user|owner|creator|author|by)(_id)?$`)

// referenced returns the model that an integer field probably references: one with a
// matching name, or the user model.
func referenced(field string, tables []Table) string {
	wanted := strings.TrimSuffix(strings.ToLower(field), "_id")
	alike := ""
	for i := range tables {
		table := &tables[i]
		_, name, _ := strings.Cut(strings.ToLower(table.Name), ".")
		if name == wanted {
			return table.Name
		}
		// patient may reference patientprofile, but not patientdoctor, which has a
		// field patient itself; primary_doctor may reference doctor.
		longer := strings.HasPrefix(name, wanted) && table.Column(wanted) == nil
		if (longer || strings.HasSuffix(wanted, "_"+name)) && (alike == "" || len(table.Name) < len(alike)) {
			alike = table.Name
		}
	}
	if !ownerPattern.MatchString(field) {
		return alike
	}
	for i := range tables {
		if tables[i].Column("password") != nil && tables[i].Column("last_login") != nil {
			return tables[i].Name
		}
	}
	return ""
}
