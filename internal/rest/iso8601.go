package rest

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// isoTime is a date and time as it is written, with its offset from UTC.
type isoTime struct {
	year, month, day int
	clock            isoClock
	offset           time.Duration
}

// isoClock is a time of a day, or the size of an offset: hours, minutes, seconds and
// microseconds.
type isoClock [4]int

func (c isoClock) duration() time.Duration {
	return time.Duration(c[0])*time.Hour + time.Duration(c[1])*time.Minute + time.Duration(c[2])*time.Second + time.Duration(c[3])*time.Microsecond
}

// maxYear is the last year of Python's dates.
const maxYear = 9999

// maxOffset is the offset that Python's time zones stay below.
const maxOffset = 24 * time.Hour

// moment returns the point in time; ok is false if there is no such day, time or offset.
func (t isoTime) moment() (moment time.Time, ok bool) {
	hour, minute, second := t.clock[0], t.clock[1], t.clock[2]
	local := time.Date(t.year, time.Month(t.month), t.day, hour, minute, second, t.clock[3]*1000, time.UTC)
	ok = t.year > 0 && local.Month() == time.Month(t.month) && local.Day() == t.day && hour < 24 && minute < 60 && second < 60
	return local.Add(-t.offset), ok && t.offset.Abs() < maxOffset
}

// parseISO parses what datetime.fromisoformat accepts in Python 3.11 and later: a date,
// which may be of a week, and a time after any one character.
func parseISO(text string) (parsed isoTime, ok bool) {
	end := min(isoDateEnd(text), len(text))
	if parsed, ok = parseISODate(text[:end]); !ok || end == len(text) {
		return parsed, ok
	}
	_, separator := utf8.DecodeRuneInString(text[end:])
	clock := text[end+separator:]
	zone := strings.IndexAny(clock, "-+Z")
	if zone < 0 {
		parsed.clock, ok = parseISOClock(clock)
		return parsed, ok
	}
	sign, size := clock[zone], clock[zone+1:]
	if parsed.clock, ok = parseISOClock(clock[:zone]); !ok || sign == 'Z' {
		return parsed, ok && size == ""
	}
	if len(size) == 3 {
		return parsed, false
	}
	offset, ok := parseISOClock(size)
	if parsed.offset = offset.duration(); sign == '-' {
		parsed.offset = -parsed.offset
	}
	return parsed, ok
}

// isoDateEnd returns where the date ends, as Python looks for it.
func isoDateEnd(text string) int {
	is := func(i int, c byte) bool { return i < len(text) && text[i] == c }
	switch {
	case is(4, '-') && is(5, 'W') && is(8, '-') && !(len(text) > 10 && isASCIIDigit(text[10])):
		return len("2026-W05-6")
	case is(4, '-') && is(5, 'W'):
		return len("2026-W05")
	case is(4, '-'):
		return len("2026-01-31")
	case !is(4, 'W'):
		return len("20260131")
	}
	end := len("2026W05")
	for end < len(text) && isASCIIDigit(text[end]) {
		end++
	}
	if end > len("2026W056") { // the digits of a time follow, which are two of each
		return len("2026W05") + end%2
	}
	return end
}

func parseISODate(text string) (parsed isoTime, ok bool) {
	year, rest, ok := isoDigits(text, 4)
	if !ok {
		return parsed, false
	}
	parsed.year = year
	hyphen := ""
	if strings.HasPrefix(rest, "-") {
		hyphen, rest = "-", rest[1:]
	}
	if week, found := strings.CutPrefix(rest, "W"); found {
		return parseISOWeek(year, week, hyphen)
	}
	if parsed.month, rest, ok = isoDigits(rest, 2); !ok {
		return parsed, false
	}
	if rest, ok = strings.CutPrefix(rest, hyphen); !ok {
		return parsed, false
	}
	parsed.day, rest, ok = isoDigits(rest, 2)
	return parsed, ok && rest == ""
}

// parseISOWeek parses the number of a week, and of a day in it.
func parseISOWeek(year int, text, hyphen string) (parsed isoTime, ok bool) {
	week, rest, ok := isoDigits(text, 2)
	weekday := 1
	if ok && rest != "" {
		if rest, ok = strings.CutPrefix(rest, hyphen); ok {
			weekday, rest, ok = isoDigits(rest, 1)
		}
	}
	january4 := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC) // which is in the first week
	monday := january4.AddDate(0, 0, -(int(january4.Weekday())+6)%7)
	day := monday.AddDate(0, 0, (week-1)*7+weekday-1)
	ofYear, found := monday.AddDate(0, 0, (week-1)*7).ISOWeek()
	exists := year > 0 && day.Year() <= maxYear && ofYear == year && found == week && 1 <= weekday && weekday <= 7
	return isoTime{year: day.Year(), month: int(day.Month()), day: day.Day()}, ok && rest == "" && exists
}

// parseISOClock parses hours, and minutes, seconds and a fraction if they are there.
func parseISOClock(text string) (clock isoClock, ok bool) {
	rest, colon := text, ""
	for i := range 3 {
		if clock[i], rest, ok = isoDigits(rest, 2); !ok {
			return clock, false
		}
		if i == 0 && strings.HasPrefix(rest, ":") {
			colon = ":"
		}
		if rest == "" || i == 2 {
			break
		}
		if rest, ok = strings.CutPrefix(rest, colon); !ok {
			return clock, false
		}
	}
	if rest == "" {
		return clock, true
	}
	fraction := rest[1:]
	if rest[0] != '.' && rest[0] != ',' || fraction == "" || strings.Trim(fraction, "0123456789") != "" {
		return clock, false
	}
	clock[3], _ = strconv.Atoi((fraction + "000000")[:6]) // digits
	return clock, true
}

// isoDigits reads a number with this many digits.
func isoDigits(text string, count int) (number int, rest string, ok bool) {
	if len(text) < count || strings.Trim(text[:count], "0123456789") != "" {
		return 0, text, false
	}
	number, err := strconv.Atoi(text[:count])
	return number, text[count:], err == nil
}
