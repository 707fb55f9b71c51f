package rest

import (
	"math"
	"slices"
	"testing"
)

func TestPythonFloat(t *testing.T) {
	for value, want := range map[float64]string{
		1: "1.0", 12.5: "12.5", -0.1: "-0.1", 1e15: "1000000000000000.0", 1e16: "1e+16", 123456789012345678: "1.2345678901234568e+17",
		1e-4: "0.0001", 1e-5: "1e-05", 1.5e300: "1.5e+300", 0: "0.0", 5e-324: "5e-324",
		math.Inf(1): "inf", math.Inf(-1): "-inf",
	} {
		if got := pythonFloat(value); got != want {
			t.Errorf("%g: got %s, want %s", value, got, want)
		}
	}
	if got := pythonFloat(math.Copysign(0, -1)); got != "-0.0" {
		t.Errorf("negative zero: got %s", got)
	}
}

func TestPythonNumber(t *testing.T) {
	for literal, want := range map[string]string{
		"0": "0", "-0": "0", "-7": "-7", "123456789012345678901234567890": "123456789012345678901234567890",
		"34.0": "34.0", "1e2": "100.0", "1E-7": "1e-07", "1e999": "inf", "-1e999": "-inf", "-0.0": "-0.0", "1e-999": "0.0",
	} {
		if got := pythonNumber(literal); got != want {
			t.Errorf("%s: got %s, want %s", literal, got, want)
		}
	}
}

func TestPythonInteger(t *testing.T) {
	for text, want := range map[string]string{
		"34": "34", " 34\n": "34", "\u00a034\u2028": "34", "+34": "34", "-34": "-34", "-0": "0", "007": "7",
		"1_000": "1000", "٣٤": "34", "３４": "34", "𝟛𝟜": "34", "-٣_٤": "-34",
		"": "", " ": "", "\x1c34": "", "34\x1f": "", "-": "", "+-3": "", "- 3": "", "_3": "", "3_": "", "3__4": "", "3.0": "", "0x10": "", "1e2": "", "²": "", "三": "", "3 4": "", "\u200b3": "",
	} {
		digits, negative, ok := pythonInteger(text)
		if negative {
			digits = "-" + digits
		}
		if digits != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, digits, ok, want)
		}
	}
}

func TestPythonDigit(t *testing.T) {
	for _, r := range "09٣𝟛²₉①⑴⒈⓪\u19da\u1369" {
		if !pythonDigit(r) {
			t.Errorf("%c is a digit", r)
		}
	}
	for _, r := range "a½三Ⅷ\u2469-. " {
		if pythonDigit(r) {
			t.Errorf("%c is not a digit", r)
		}
	}
}

func TestStrip(t *testing.T) {
	for text, want := range map[string]string{
		" a b ": "a b", "\t\n\v\f\r\x1c\x1d\x1e\x1f\u0085a\u00a0\u1680\u2000\u2028\u2029\u202f\u205f\u3000": "a",
		"\u200ba\ufeff": "\u200ba\ufeff", "\x00a\x00": "\x00a\x00", "   ": "",
	} {
		if got := Strip(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFilterInteger(t *testing.T) {
	for text, want := range map[string]int64{
		"34": 34, "+34": 34, "-3": -3, "34.9": 34, "-34.9": -34, ".5": 0, "34.": 34, "3.4e1": 34, "1E2": 100, "1_0": 10, "٣٤": 34, "1e-999999999999": 0,
		"9223372036854775807": math.MaxInt64, "9223372036854775808": math.MaxInt64, "1e50": math.MaxInt64, "-1e50": math.MinInt64, "-1e999": math.MinInt64,
	} {
		if got, message := filterInteger(text); got != want || message != "" {
			t.Errorf("%s: got %d, %q, want %d", text, got, message, want)
		}
	}
	for text, want := range map[string]string{
		"x": "Enter a number.", "": "Enter a number.", "nan": "Enter a number.", "inf": "Enter a number.", "1 2": "Enter a number.", "0x1p4": "Enter a number.",
		"e1": "Enter a number.", ".": "Enter a number.", "1e51": "Ensure this value is less than or equal to 1e+50.", "1e999": "Ensure this value is less than or equal to 1e+50.",
	} {
		if got, message := filterInteger(text); message != want {
			t.Errorf("%s: got %d, %q, want %q", text, got, message, want)
		}
	}
}

func TestSplitSearch(t *testing.T) {
	for search, want := range map[string][]string{
		"":                   nil,
		" , ,, ":             nil,
		"John Doe":           {"John", "Doe"},
		"a,b  c":             {"a", "b", "c"},
		"a\u00a0b\u3000c\vd": {"a", "b", "c", "d"},
		`"John Doe",x`:       {`"John Doe"`, "x"},
		`"John Doe" x`:       {"John Doe", "x"},
		`'a b', "c,d",`:      {"a b", "c,d"},
		`"`:                  nil,
		`""`:                 nil,
		`"open phrase`:       {`"open`, "phrase"},
		`"a \"b\" \'c"`:      {`a "b" \'c`},
		`'it\'s \\ "so"'`:    {`it's \ "so"`},
		`x"a b"`:             {`x"a b"`},
		`it's`:               {`it's`},
		`" a "`:              {" a "},
		`100% _`:             {"100%", "_"},
	} {
		if got := splitSearch(search); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", search, got, want)
		}
	}
}
