package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

func anyName(string) bool { return true }

// clientError returns the response to a rejected body. It fails the test unless
// its status is 4xx.
func clientError(t *testing.T, err error) *Error {
	t.Helper()
	var answer *Error
	if !errors.As(err, &answer) {
		t.Fatalf("got the error %v, want one for the client", err)
	}
	if answer.Status < 400 || answer.Status > 499 {
		t.Fatalf("got %d %s, want a 4xx", answer.Status, answer)
	}
	return answer
}

func TestParseJSONValues(t *testing.T) {
	for body, want := range map[string]any{
		`{"a": "x"}`:                             "x",
		` { "b" : [1, {"a": 2}] , "a" : 1.50 } `: json.Number("1.50"),
		`{"a":1,"a":"last"}`:                     "last",
		`{"\u0061":true}`:                        true,
		`{"b":{"a":"]}"},"a":false}`:             false,
		`{"a":null}`:                             nil,
		`{"a":[[],"}",{}]}`:                      list{`[[],"}",{}]`},
		`{"a":{"b":"\"}"}}`:                      dictionary{`{"b":"\"}"}`},
		`{"a":"\ud83d\ude00"}`:                   "😀",
		`{"a":"x\ud83dy"}`:                       surrogateText{"x\ufffdy", 0xd83d, `"x\ud83dy"`},
		`{"a":"\udead"}`:                         surrogateText{"\ufffd", 0xdead, `"\udead"`},
		`{"a":"\ud83d\\ude00"}`:                  surrogateText{"\ufffd\\ude00", 0xd83d, `"\ud83d\\ude00"`},
		`{"a":"\udc00\udc00"}`:                   surrogateText{"\ufffd\ufffd", 0xdc00, `"\udc00\udc00"`},
		`{"a":"\\ud83d"}`:                        `\ud83d`,
		`{"a":"\ud83d\ude00\ud83d"}`:             surrogateText{"😀\ufffd", 0xd83d, `"\ud83d\ude00\ud83d"`},
	} {
		data, err := parseJSON([]byte(body), anyName, "")
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if got, present := data.Get("a"); !present || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", body, got, want)
		}
	}
}

func TestParseJSONKeepsWantedNamesOnly(t *testing.T) {
	data, err := parseJSON([]byte(`{"other":1,"name":2}`), func(name string) bool { return name == "name" }, "")
	if err != nil || len(data.values) != 1 {
		t.Errorf("got %v, %v", data.values, err)
	}
}

// Memory is proportional to a body's size, whatever it consists of.
func TestParseJSONCost(t *testing.T) {
	const size = 1 << 20
	isName := func(name string) bool { return name == "name" }
	for name, body := range map[string]string{
		"elements":  `{"name":[` + strings.Repeat("1,", size/2) + `1]}`,
		"members":   `{"name":1` + strings.Repeat(`,"key":0`, size/8) + `}`,
		"objects":   `{"name":{` + strings.Repeat(`"":{},`, size/6) + `"":0}}`,
		"no object": `[` + strings.Repeat(`"",`, size/3) + `""]`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parseJSON([]byte(body), isName, "")
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 3*size || (err != nil) != (name == "no object") {
			t.Errorf("%s: %d bytes for %d, %v", name, cost, len(body), err)
		}
	}
}

// The recorded answers are those of CPython's json.load with DRF's strict_constant.
func TestJSONErrorsAreThoseOfPython(t *testing.T) {
	file, err := os.Open(filepath.Join("testdata", "json_errors.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for decoder := json.NewDecoder(file); decoder.More(); {
		var recorded struct {
			Body  []byte
			Error string
		}
		if err := decoder.Decode(&recorded); err != nil {
			t.Fatal(err)
		}
		_, err := parseJSON(recorded.Body, anyName, "")
		got := ""
		if answer, ok := errors.AsType[*Error](err); ok {
			detail, _ := answer.Body.(Detail)
			got = strings.TrimPrefix(detail.Detail, "JSON parse error - ")
		}
		if got != recorded.Error {
			t.Errorf("%.80q: got %q, want %q", recorded.Body, got, recorded.Error)
		}
	}
}

func TestParseJSONRefusesDeepNesting(t *testing.T) {
	deep := func(depth int) []byte {
		return []byte(`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}")
	}
	if _, err := parseJSON(deep(maxJSONDepth-1), anyName, ""); err != nil {
		t.Error(err)
	}
	_, err := parseJSON(deep(maxJSONDepth), anyName, "")
	if want := `{"detail":"JSON parse error - the body is nested too deeply"}`; clientError(t, err).Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseJSONTakesLongFloats(t *testing.T) {
	digits := strings.Repeat("1", maxIntegerDigits+1)
	for _, number := range []string{
		"0." + digits, "-0." + digits, digits + ".5", digits + "e1", digits + "E1", "1e-" + strings.Repeat("0", 5000) + "1", "1e" + strings.Repeat("0", 5000),
		"1e+" + strings.Repeat("0", 5000), `"` + digits + `"`, digits[1:], "-" + digits[1:],
	} {
		if _, err := parseJSON([]byte(`{"a":`+number+`}`), anyName, ""); err != nil {
			t.Errorf("%.40s: %v", number, err)
		}
	}
}

func TestParseJSONNotADictionary(t *testing.T) {
	for body, got := range map[string]string{
		`[]`: "list", `"{}"`: "str", `1`: "int", ` 1.5 `: "float", `1e2`: "float", `true`: "bool", "\tfalse\n": "bool", `"\ud800"`: "str",
	} {
		_, err := parseJSON([]byte(body), anyName, "")
		want := `{"non_field_errors":["Invalid data. Expected a dictionary, but got ` + got + `."]}`
		if answer := clientError(t, err); answer.Error() != want {
			t.Errorf("%s: got %s, want %s", body, answer, want)
		}
	}
	_, err := parseJSON([]byte("null"), anyName, "")
	if answer := clientError(t, err); answer.Error() != `{"non_field_errors":["No data provided"]}` {
		t.Errorf("null: got %s", answer)
	}
}

func TestParseForm(t *testing.T) {
	for body, want := range map[string]map[string]any{
		"":                           {},
		"a=1&b=2":                    {"a": "1", "b": "2"},
		"a=1&a=2":                    {"a": "2"},
		"a":                          {"a": ""},
		"a=x+y%20z%2B":               {"a": "x y z+"},
		"a=100%&b=%zz%41%4z%z4&c=%4": {"a": "100%", "b": "%zzA%4z%z4", "c": "%4"},
		"&&a=1;b=2&":                 {"a": "1;b=2"},
		"a=b=c":                      {"a": "b=c"},
		"a=%FF":                      {"a": "\ufffd"},
		"a=%ED%A0%80b":               {"a": "\ufffd\ufffd\ufffdb"},
		"a=%E2%82":                   {"a": "\ufffd"},
		"a=é%FF":                     {"a": "é\ufffd"},
		"a=\xff\xc3\xa9":             {"a": "ÿÃ©"},
		"a=%00":                      {"a": "\x00"},
		"%61=1":                      {"a": "1"},
	} {
		data, err := parseForm([]byte(body), anyName, "")
		if err != nil || !data.html || !reflect.DeepEqual(data.values, want) {
			t.Errorf("%q: got %v, %v, want %v", body, data.values, err, want)
		}
	}
	_, err := parseForm([]byte(strings.Repeat("&", maxFormFields)), anyName, "")
	clientError(t, err)
	if _, err = parseForm([]byte(strings.Repeat("a&", maxFormFields-1)+"a"), anyName, ""); err != nil {
		t.Error(err)
	}
}

func TestParseBodyChoosesTheParser(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/json":                             "json",
		"Application/JSON ; charset=utf-8":             "json",
		"application/json; charset":                    "json",
		"*/*":                                          "json",
		"application/*":                                "json",
		"application/x-www-form-urlencoded":            "form",
		"application/x-www-form-urlencoded; a=\"b;c\"": "form",
		"text/plain":                                   "",
		"":                                             "",
		"json":                                         "",
		"multipart/mixed; boundary=b":                  "",
		"application/json, application/xml":            "",
		"é/é":                                          "",
	} {
		data, err := parseBody([]byte("{}"), contentType, anyName)
		switch {
		case want == "":
			answer := clientError(t, err)
			if answer.Status != 415 || answer.Body.(Detail).Detail != `Unsupported media type "`+decodeLatin1(contentType)+`" in request.` {
				t.Errorf("%q: got %s", contentType, answer)
			}
		case err != nil || data.html != (want == "form"):
			t.Errorf("%q: got %v, %v, want %s", contentType, data, err, want)
		}
		if _, err := parseBody(nil, contentType, anyName); err != nil {
			t.Errorf("%q without a body: %v", contentType, err)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, `{"a":"\ud800","b":[{}]}`, `[1]`, `null`, `{"a":1e999,"a":-0}`, ` {"a" : "\\" , "b":"\"" } `, `{"a":NaN}`, "{\"a\":\"\xff\"}",
		strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200), `{"a":` + strings.Repeat("1", 4400) + `}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data, err := parseJSON(body, anyName, "")
		var object map[string]any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err != nil {
			answer := clientError(t, err)
			isLimit := strings.Contains(answer.Error(), "Exceeds the limit")
			if json.Valid(body) && utf8.Valid(body) && !isLimit && decoder.Decode(&object) == nil && object != nil {
				t.Fatalf("refused an object: %v", err)
			}
			return
		}
		if !utf8.Valid(body) {
			return // it ends within a character
		}
		if err := decoder.Decode(&object); err != nil {
			t.Fatalf("accepted an invalid JSON object: %v", err)
		}
		if len(object) != len(data.values) {
			t.Fatalf("got %d values, want %d", len(data.values), len(object))
		}
		for name, want := range object {
			got, present := data.Get(name)
			switch got := got.(type) {
			case list:
				_, present = want.([]any)
			case dictionary:
				_, present = want.(map[string]any)
			case surrogateText:
				present = present && got.text == want && strings.Contains(got.text, "\ufffd")
			default:
				present = present && reflect.DeepEqual(got, want)
			}
			if !present {
				t.Fatalf("%q: got %#v, want %#v", name, got, want)
			}
		}
	})
}

func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{"a=1&b=2", "a=%zz&=x&a", "a=%C3%A9+%00", "a=%FF", ";a=1;&&", strings.Repeat("&", 1001)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data, err := parseForm(body, anyName, "")
		if err != nil {
			clientError(t, err)
			return
		}
		// url.ParseQuery is stricter; where it accepts a body the results agree.
		want, err := url.ParseQuery(string(body))
		if err != nil || !utf8.Valid(body) {
			return
		}
		for name, values := range want {
			if !utf8.ValidString(name) {
				continue // several names may become one
			}
			if got := data.values[name]; got != replaceInvalidUTF8(values[len(values)-1]) {
				t.Fatalf("%q: got %#v, want %q", name, got, values)
			}
		}
	})
}
