package monitoring

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
)

func TestCausesWithoutValues(t *testing.T) {
	_, number := strconv.Atoi(`Ann "the patient" O'Hara`)
	for _, test := range []struct {
		cause error
		want  string
	}{
		{errors.New("no such table: patients"), "no such table: patients"},
		{number, `strconv.Atoi: parsing …: invalid syntax`},
		{errors.New(`ERROR: invalid input syntax for type json: "{\"name\": \"Ann\"` + "\n" + `still her name`), "ERROR: invalid input syntax for type json: …"},
		{errors.New("Key (name)=(Ann) already exists."), "Key (name)… already exists."},
		{errors.New("unrecognized token: 'Ann' near `Ben`"), "unrecognized token: … near …"},
		{fmt.Errorf("upload: %w", &fs.PathError{Op: "open", Path: "/data/storage/report of Ann.pdf", Err: fs.ErrPermission}), "upload: open …: permission denied"},
	} {
		if got := withoutValues(test.cause); got != test.want {
			t.Errorf("%q: got %q, want %q", test.cause, got, test.want)
		}
	}
	if got := withoutValues(errors.New(strings.Repeat("ü", maxCause))); len(got) > maxCause+len("…") || !strings.HasSuffix(got, "ü…") {
		t.Errorf("a long one has %d bytes", len(got))
	}
}
