package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"carebase/internal/django/source"
)

// deployment holds the tables of a source by purpose. A nil table does not exist in
// the source.
type deployment struct {
	users, patients, doctors, mappings *source.Table
	// outstanding and blacklisted are the tables of SimpleJWT's token_blacklist.
	outstanding, blacklisted *source.Table
}

// Tables names tables that cannot be detected automatically; empty names are detected.
type Tables struct {
	Users, Patients, Doctors, Mappings string
}

var (
	patientPattern = regexp.MustCompile(`(?i)patient`)
	doctorPattern  = regexp.MustCompile(`(?i)doctor|physician|practitioner|clinician`)
	mappingPattern = regexp.MustCompile(`(?i)mapping|assign|patient_?doctor|doctor_?patient`)
	birthPattern   = regexp.MustCompile(`(?i)^(date_of_birth|birth_?date|dob|birthday)$`)
)

// viewPatterns match the names of the models themselves, by what they hold.
var viewPatterns = map[string]*regexp.Regexp{
	"patients": regexp.MustCompile(`(?i)(^|[._])patients?$`),
	"doctors":  regexp.MustCompile(`(?i)(^|[._])(doctor|physician|practitioner|clinician)s?$`),
	"mappings": regexp.MustCompile(`(?i)(^|[._])((patient_?doctor|doctor_?patient)(_?(mapping|assignment))?|mapping|assignment)s?$`),
}

var (
	ownerNames      = []string{"created_by", "owner", "user", "added_by", "registered_by", "creator", "author", "created_by_user"}
	specialityNames = []string{"speciality", "specialty", "specialization", "specialisation"}
)

// modelName returns a table's name without the app label: patient for core_patient.
func modelName(table string) string {
	if i := strings.LastIndexAny(table, "._"); i >= 0 {
		return table[i+1:]
	}
	return table
}

// discover detects the tables by their columns and foreign keys, and by their model's
// name if several match. The app label is ignored.
func discover(tables []source.Table, named Tables) (*deployment, error) {
	finder := &finder{tables: tables}
	found := &deployment{}
	var err error
	if found.patients, err = finder.choose("patients", named.Patients, finder.patientScore); err != nil {
		return nil, err
	}
	if found.doctors, err = finder.choose("doctors", named.Doctors, finder.doctorScore); err != nil {
		return nil, err
	}
	finder.found = found
	if found.users, err = finder.choose("users", named.Users, finder.userScore); err != nil {
		return nil, err
	}
	if found.users == nil {
		return nil, errors.New("this is no database of a Django deployment: it has no table of users (with a password and a last_login)")
	}
	if found.patients == nil && found.doctors == nil {
		return nil, errors.New("no table of patients or of doctors was found: name them with --patients and --doctors")
	}
	if found.mappings, err = finder.choose("mappings", named.Mappings, finder.mappingScore); err != nil {
		return nil, err
	}
	finder.findTokens()
	return found, distinct(found)
}

// distinct returns an error if one table was chosen for two purposes.
func distinct(found *deployment) error {
	var names []string
	for _, table := range []*source.Table{found.users, found.patients, found.doctors, found.mappings} {
		if table == nil {
			continue
		}
		if slices.Contains(names, table.Name) {
			return fmt.Errorf("the table %s cannot be two things: name others with --users, --patients, --doctors or --mappings", table.Name)
		}
		names = append(names, table.Name)
	}
	return nil
}

type finder struct {
	tables []source.Table
	found  *deployment
}

// choose returns the named table, or the one with the highest score; nil if no table
// has a positive score.
func (f *finder) choose(what, named string, score func(*source.Table) int) (*source.Table, error) {
	if named != "" {
		return f.named(what, named)
	}
	var best []*source.Table
	highest := 0
	for i := range f.tables {
		table := &f.tables[i]
		if table.View || table.Key == "" {
			continue
		}
		switch points := score(table); {
		case points > highest:
			highest, best = points, []*source.Table{table}
		case points == highest && points > 0:
			best = append(best, table)
		}
	}
	if len(best) == 0 {
		return nil, f.refuseView(what)
	}
	if len(best) > 1 {
		names := make([]string, 0, len(best))
		for _, table := range best {
			names = append(names, table.Name)
		}
		return nil, fmt.Errorf("which table has the %s cannot be told: %s; say it with --%s", what, strings.Join(names[:min(len(names), 5)], ", "), what)
	}
	return best[0], nil
}

func (f *finder) named(what, name string) (*source.Table, error) {
	for i := range f.tables {
		table := &f.tables[i]
		if !strings.EqualFold(table.Name, name) {
			continue
		}
		switch {
		case table.View:
			return nil, fmt.Errorf("--%s: %s is a view, not a table", what, name)
		case table.Key == "":
			return nil, fmt.Errorf("--%s: %s is no table of Django's: it has no primary key of one column, or too many columns", what, name)
		}
		return table, nil
	}
	return nil, fmt.Errorf("--%s: there is no table %s", what, name)
}

// refuseView returns an error if a view is in the place of a table: without it the rest
// would be imported alone.
func (f *finder) refuseView(what string) error {
	pattern := viewPatterns[what]
	for i := range f.tables {
		if table := &f.tables[i]; table.View && pattern != nil && pattern.MatchString(table.Name) {
			return fmt.Errorf("%s is a view, not a table: name the table of the %s with --%s", table.Name, what, what)
		}
	}
	return nil
}

// findTokens detects the tables of token_blacklist by their columns.
func (f *finder) findTokens() {
	for i := range f.tables {
		table := &f.tables[i]
		switch {
		case table.View || table.Key == "":
		case table.Column("jti") != nil && table.Column("expires_at") != nil && table.Column("token") != nil:
			f.found.outstanding = table
		case table.Column("blacklisted_at") != nil && (table.Column("token_id") != nil || table.Column("token") != nil):
			f.found.blacklisted = table
		}
	}
}

// owner returns the column that references a row's owner, or nil.
func owner(table, users *source.Table) *source.Column {
	var candidates []*source.Column
	for i := range table.Columns {
		if column := &table.Columns[i]; column.References == users.Name {
			candidates = append(candidates, column)
		}
	}
	for _, name := range ownerNames {
		for _, column := range candidates {
			if strings.EqualFold(column.Field(), name) {
				return column
			}
		}
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	return nil
}
