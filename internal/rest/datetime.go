package rest

import (
	"regexp"
	"strconv"
	"time"
)

const (
	invalidDateTime  = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
	dateTimeOverflow = "Datetime value out of range."
)

// dateTimePattern matches what Django's parse_datetime accepts beside ISO 8601.
var dateTimePattern = regexp.MustCompile(`^(\p{Nd}{4})-(\p{Nd}{1,2})-(\p{Nd}{1,2})[T ](\p{Nd}{1,2}):(\p{Nd}{1,2})` +
	`(?::(\p{Nd}{1,2})(?:[.,](\p{Nd}{1,6})\p{Nd}{0,6})?)?[` + space + `]*(?:Z|([+-])(\p{Nd}{2}):?(\p{Nd}{2})?)?\n?$`)

const (
	// StoredTime is PocketBase's format of a date, in UTC.
	StoredTime = "2006-01-02 15:04:05.000Z"
	// AnsweredTime is the format of a date in answers, and of what the audit trail
	// stores: RFC 3339 in UTC, to the millisecond.
	AnsweredTime = "2006-01-02T15:04:05.000Z"
)

func (f *Field) convertDateTime(raw any) (any, []string) {
	text, _ := raw.(string)
	moment, overflows, ok := parseDateTime(text)
	switch {
	case !ok:
		return nil, []string{invalidDateTime}
	case overflows:
		return nil, []string{dateTimeOverflow}
	case !f.Before.IsZero() && moment.After(f.Before):
		return nil, []string{"Ensure this value is less than or equal to " + f.Before.UTC().Format(time.RFC3339) + "."}
	case !f.After.IsZero() && moment.Before(f.After):
		return nil, []string{"Ensure this value is greater than or equal to " + f.After.UTC().Format(time.RFC3339) + "."}
	}
	return moment.Format(StoredTime), nil
}

// parseDateTime parses a date and time as Django 5 does, in UTC unless it names an
// offset.
func parseDateTime(text string) (moment time.Time, overflows, ok bool) {
	parsed, ok := parseISO(text)
	if ok {
		moment, ok = parsed.moment()
	}
	if !ok {
		if parsed, ok = parseLoose(text); !ok {
			return moment, false, false
		}
		moment, ok = parsed.moment()
	}
	return moment, ok && (moment.Year() < 1 || moment.Year() > maxYear), ok
}

// parseLoose parses a date and time whose parts may have a single digit.
func parseLoose(text string) (parsed isoTime, ok bool) {
	parts := dateTimePattern.FindStringSubmatch(text)
	if parts == nil {
		return parsed, false
	}
	for i := range parts {
		parts[i] = asciiDigits(parts[i])
	}
	part := func(i int) int {
		value, _ := strconv.Atoi(parts[i]) // digits, or nothing
		return value
	}
	parts[7] = (parts[7] + "000000")[:6]
	parsed = isoTime{part(1), part(2), part(3), isoClock{part(4), part(5), part(6), part(7)}, isoClock{part(9), part(10)}.duration()}
	if parts[8] == "-" {
		parsed.offset = -parsed.offset
	}
	return parsed, true
}
