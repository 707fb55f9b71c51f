package rest

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestFieldRead(t *testing.T) {
	lowest, highest := int64(0), int64(math.MaxInt32)
	name := Field{Name: "f", Type: String, Required: true, MaxLength: 5}
	notes := Field{Name: "f", Type: String, AllowBlank: true}
	email := Field{Name: "f", Type: Email, Required: true, MaxLength: 10}
	age := Field{Name: "f", Type: Integer, Required: true, MinValue: &lowest, MaxValue: &highest}
	unbound := Field{Name: "f", Type: Integer}
	patient := Field{Name: "f", Type: PrimaryKey, Required: true}
	const (
		blank      = "This field may not be blank."
		null       = "This field may not be null."
		notString  = "Not a valid string."
		notInteger = "A valid integer is required."
		tooLarge   = "Ensure this value is less than or equal to 2147483647."
		tooSmall   = "Ensure this value is greater than or equal to 0."
		wrongKey   = "Incorrect type. Expected pk value, received str."
	)
	for _, test := range []struct {
		field Field
		raw   any
		want  any
		wrong []string
	}{
		{name, " Ann\u00a0", "Ann", nil},
		{name, "ééééé", "ééééé", nil},
		{name, "éééééé", nil, []string{"Ensure this field has no more than 5 characters."}},
		{name, "  abcde  ", "abcde", nil},
		{name, "", nil, []string{blank}},
		{name, "\t\u3000", nil, []string{blank}},
		{name, nil, nil, []string{null}},
		{name, json.Number("1e2"), "100.0", nil},
		{name, json.Number("-0"), "0", nil},
		{name, true, nil, []string{notString}},
		{name, list{}, nil, []string{notString}},
		{name, dictionary{}, nil, []string{notString}},
		{name, upload{}, nil, []string{notString}},
		{name, "\x00", nil, []string{"Null characters are not allowed."}},
		{name, "\x00abcde", nil, []string{"Ensure this field has no more than 5 characters.", "Null characters are not allowed."}},
		{name, surrogateText{"x\ufffd", 0xd83d, ""}, nil, []string{"Surrogate characters are not allowed: U+D83D."}},
		{name, surrogateText{"\ufffd\x00abcd", 0xdc00, ""}, nil, []string{
			"Ensure this field has no more than 5 characters.", "Null characters are not allowed.", "Surrogate characters are not allowed: U+DC00.",
		}},
		{notes, "", "", nil},
		{notes, " \n ", "", nil},
		{notes, nil, nil, []string{null}},
		{email, " a@b.co ", "a@b.co", nil},
		{email, "aaaaaaaaa@", nil, []string{"Enter a valid email address."}},
		{email, "aaaaaaaaaa@", nil, []string{"Ensure this field has no more than 10 characters.", "Enter a valid email address."}},
		{email, surrogateText{"\ufffd", 0xd83d, ""}, nil, []string{"Surrogate characters are not allowed: U+D83D.", "Enter a valid email address."}},
		{email, json.Number("1"), nil, []string{"Enter a valid email address."}},
		{email, true, nil, []string{"Enter a valid email address."}},
		{email, list{}, nil, []string{"Enter a valid email address."}},
		{email, upload{}, nil, []string{"Enter a valid email address."}},
		{email, nil, nil, []string{null}},
		{age, json.Number("34"), int64(34), nil},
		{age, json.Number("34.0"), int64(34), nil},
		{age, json.Number("3.4e1"), int64(34), nil},
		{age, json.Number("-0.0"), int64(0), nil},
		{age, json.Number("34.5"), nil, []string{notInteger}},
		{age, json.Number("1e16"), nil, []string{notInteger}},
		{age, json.Number("1e999"), nil, []string{notInteger}},
		{age, json.Number("-1"), nil, []string{tooSmall}},
		{age, json.Number("2147483648"), nil, []string{tooLarge}},
		{age, json.Number(strings.Repeat("9", 4300)), nil, []string{tooLarge}},
		{age, json.Number("-" + strings.Repeat("9", 4300)), nil, []string{tooSmall}},
		{age, " 34 ", int64(34), nil},
		{age, "34.000\u00a0", int64(34), nil},
		{age, "34. ", int64(34), nil},
		{age, "+3_4", int64(34), nil},
		{age, "٣٤", int64(34), nil},
		{age, ".", nil, []string{notInteger}},
		{age, ".0", nil, []string{notInteger}},
		{age, "0x22", nil, []string{notInteger}},
		{age, "1e2", nil, []string{notInteger}},
		{age, "NaN", nil, []string{notInteger}},
		{age, "", nil, []string{notInteger}},
		{age, "3\x004", nil, []string{notInteger}},
		{age, "\x1c34", nil, []string{notInteger}},
		{age, "34.0\x1c", int64(34), nil},
		{age, strings.Repeat("0", 998) + "34", int64(34), nil},
		{age, strings.Repeat("0", 1001), nil, []string{"String value too large."}},
		{age, nil, nil, []string{null}},
		{age, true, nil, []string{notInteger}},
		{age, list{}, nil, []string{notInteger}},
		{age, upload{}, nil, []string{notInteger}},
		{age, surrogateText{"\ufffd", 0xd83d, ""}, nil, []string{notInteger}},
		{unbound, json.Number("9223372036854775808"), nil, []string{notInteger}},
		{patient, "k3v9x0q2m7n1p5s", "k3v9x0q2m7n1p5s", nil},
		{patient, json.Number("7"), "7", nil},
		{patient, " +0_7\u00a0", "7", nil},
		{patient, "-7", "-7", nil},
		{patient, json.Number("7.9"), "7", nil},
		{patient, json.Number("-7.9e0"), "-7", nil},
		{patient, json.Number("99999999999999999999"), "99999999999999999999", nil},
		{patient, json.Number("1e999"), "+Inf", nil},
		{patient, strings.Repeat("9", 4301), nil, []string{wrongKey}},
		{patient, "abc", nil, []string{wrongKey}},
		{patient, "7.0", nil, []string{wrongKey}},
		{patient, " k3v9x0q2m7n1p5s", nil, []string{wrongKey}},
		{patient, "", nil, []string{null}},
		{patient, nil, nil, []string{null}},
		{patient, true, nil, []string{"Incorrect type. Expected pk value, received bool."}},
		{patient, list{}, nil, []string{"Incorrect type. Expected pk value, received list."}},
		{patient, dictionary{}, nil, []string{"Incorrect type. Expected pk value, received dict."}},
		{patient, "a\x00", nil, []string{"Incorrect type. Expected pk value, received str."}},
		{patient, surrogateText{"\ufffd", 0xd83d, ""}, nil, []string{"Incorrect type. Expected pk value, received str."}},
		{patient, upload{}, nil, []string{"Incorrect type. Expected pk value, received InMemoryUploadedFile."}},
	} {
		got, present, wrong := test.field.read(Data{values: map[string]any{"f": test.raw}}, false)
		if !present || !slices.Equal(wrong, test.wrong) || (wrong == nil && got != test.want) {
			t.Errorf("%s %#v: got %#v, %q, want %#v, %q", test.field.Type, test.raw, got, wrong, test.want, test.wrong)
		}
	}
}

func TestFieldReadOfWhatIsMissing(t *testing.T) {
	required, optional := Field{Name: "f", Type: Integer, Required: true}, Field{Name: "f", Type: Integer}
	empty := map[string]any{"f": ""}
	for name, test := range map[string]struct {
		field   Field
		data    Data
		partial bool
		present bool
		wrong   string
	}{
		"required":                 {field: required, wrong: "This field is required."},
		"required in a PATCH":      {field: required, partial: true},
		"optional":                 {field: optional},
		"empty in a form":          {field: optional, data: Data{values: empty, html: true}},
		"empty in JSON":            {field: optional, data: Data{values: empty}, present: true, wrong: "A valid integer is required."},
		"required, empty in form":  {field: required, data: Data{values: empty, html: true}, present: true, wrong: "A valid integer is required."},
		"blank is allowed in form": {field: Field{Name: "f", Type: String, AllowBlank: true}, data: Data{values: empty, html: true}, present: true},
	} {
		_, present, wrong := test.field.read(test.data, test.partial)
		if present != test.present || strings.Join(wrong, "") != test.wrong {
			t.Errorf("%s: got %v, %q", name, present, wrong)
		}
	}
}
