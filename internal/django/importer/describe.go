package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django/source"
)

// describe writes what was found and what will be done.
func (i *Import) describe(from source.Source) error {
	lines := []string{"Found in " + from.String() + ":"}
	for _, kind := range i.kinds {
		lines = append(lines, fmt.Sprintf("  %-9s %s, %d rows", kind.collection, kind.table.Name, kind.table.Rows))
		for _, note := range kind.notes {
			lines = append(lines, "            "+note)
		}
	}
	for _, name := range []string{collections.Patients, collections.Doctors, collections.Mappings} {
		if i.kindOf(name) == nil {
			lines = append(lines, fmt.Sprintf("  %-9s none found; if there are any, name their table with --%s", name, name))
		}
	}
	for _, table := range []*source.Table{i.found.outstanding, i.found.blacklisted} {
		if table != nil {
			lines = append(lines, fmt.Sprintf("  %-9s %s, %d rows", "tokens", table.Name, table.Rows))
		}
	}
	if kind := i.kindOf(collections.Patients); kind != nil && kind.table.Column("age") == nil && i.birthColumn(kind.table) != nil {
		lines = append(lines, "  The ages of patients are reckoned from their dates of birth, as of today.")
	}
	lines = append(lines, "They are checked first, and written only if nothing is wrong: with their ids, times, owners and password hashes.")
	return i.say(lines)
}

// describeFields writes which columns become fields, what is not imported, and how
// conflicts are resolved.
func (i *Import) describeFields() error {
	var lines []string
	for _, kind := range i.kinds {
		for _, extra := range kind.extras {
			fieldType := extra.field().Type()
			line := fmt.Sprintf("  %s.%s becomes the field %s.%s (%s)", kind.table.Name, extra.column.Name, kind.collection, extra.name, fieldType)
			if extra.profile.nulls > 0 && (fieldType == core.FieldTypeNumber || fieldType == core.FieldTypeBool) {
				line += fmt.Sprintf("; %d that have none get 0 or false", extra.profile.nulls)
			}
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		lines = append([]string{"Columns that Carebase does not have:"}, lines...)
	}
	var left []string
	for _, kind := range i.kinds {
		for _, line := range kind.left {
			left = append(left, "  "+line)
		}
	}
	left = append(left, i.others...)
	if len(left) > 0 {
		lines = append(append(lines, "Left behind:"), left...)
	}
	if i.unnamed > 0 {
		lines = append(lines, fmt.Sprintf("%d users without a name get their username or address as one.", i.unnamed))
	}
	if i.doctorsOwner != 0 {
		lines = append(lines, fmt.Sprintf("Doctors without an owner become those of the superuser %d.", i.doctorsOwner))
	}
	return i.say(append(lines, i.resolved...))
}

// maxOthers bounds the number of ignored tables that are listed.
const maxOthers = 100

// noteOthers records the tables that are not imported.
func (i *Import) noteOthers(tables []source.Table) {
	read := []*source.Table{i.found.users, i.found.patients, i.found.doctors, i.found.mappings, i.found.outstanding, i.found.blacklisted}
	more := 0
	for n := range tables {
		table := &tables[n]
		if table.View || table.Rows == 0 || slices.ContainsFunc(read, func(known *source.Table) bool { return known != nil && known.Name == table.Name }) {
			continue
		}
		if len(i.others) == maxOthers {
			more++
			continue
		}
		i.others = append(i.others, fmt.Sprintf("  %s, %d rows: Carebase has nothing like it", table.Name, table.Rows))
	}
	if more > 0 {
		i.others = append(i.others, fmt.Sprintf("  %d other tables", more))
	}
}

func (i *Import) say(lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(i.options.Out, strings.Join(lines, "\n"))
	return err
}
