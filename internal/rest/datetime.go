package rest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	invalidDateTime  = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
	dateTimeOverflow = "Datetime value out of range."
)

// dateTimePattern matches what Django's parse_datetime accepts: a date, in one of
// ISO 8601's notations, with or without a time.
var dateTimePattern = regexp.MustCompile(`^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2}))` +
	`(?:[T ](?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,12}))?)?|(\d{2})(\d{2})(?:(\d{2}))?)\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

// StoredTime is PocketBase's format of a date, in UTC.
const StoredTime = "2006-01-02 15:04:05.000Z"

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

// parseDateTime parses a date and time, in UTC unless it names an offset.
func parseDateTime(text string) (moment time.Time, overflows, ok bool) {
	parts := dateTimePattern.FindStringSubmatch(text)
	if parts == nil {
		return moment, false, false
	}
	part := func(places ...int) (value int) {
		for _, i := range places {
			if parts[i] != "" {
				value, _ = strconv.Atoi(parts[i]) // digits
			}
		}
		return value
	}
	year, month, day := part(1, 4), part(2, 5), part(3, 6)
	hour, minute, second := part(7, 11), part(8, 12), part(9, 13)
	microsecond, _ := strconv.Atoi((parts[10] + "000000")[:6])
	offset, valid := parseOffset(parts[14])
	local := time.Date(year, time.Month(month), day, hour, minute, second, microsecond*1000, time.UTC)
	if !valid || year == 0 || local.Month() != time.Month(month) || local.Day() != day || hour > 23 || minute > 59 || second > 59 {
		return moment, false, false
	}
	moment = local.Add(-offset)
	return moment, moment.Year() < 1 || moment.Year() > 9999, true
}

// parseOffset parses the offset from UTC: Z, +HH, +HHMM or +HH:MM.
func parseOffset(text string) (offset time.Duration, ok bool) {
	if text == "" || text == "Z" {
		return 0, true
	}
	digits := strings.ReplaceAll(text[1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2])
	minutes, _ := strconv.Atoi((digits[2:] + "00")[:2])
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}
