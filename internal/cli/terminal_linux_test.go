package cli_test

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"carebase/internal/cli"
	"carebase/internal/testing/testapp"
)

// newTerminal returns a pseudo-terminal: what a person sees and types, and what a
// program reads.
func newTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	_ = person.SetReadDeadline(time.Now().Add(time.Minute)) // where the system can
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// TestCreateSuperuserAsks answers the questions on a terminal, wrongly at first.
func TestCreateSuperuserAsks(t *testing.T) {
	d := deployment(t.TempDir())
	person, program := newTerminal(t)
	app := newAppWith(t, map[string]string{"DATA_DIR": string(d)}, "createsuperuser")
	app.RootCmd.SetIn(program)
	app.RootCmd.SetOut(program)
	app.RootCmd.SetErr(program)
	ended := make(chan error, 1)
	go func() { ended <- cli.Execute(app) }()

	const password = "12345678"
	seen := ""
	for _, step := range []struct{ question, answer string }{
		{"Email: ", ""},
		{"Email cannot be blank.\r\nEmail: ", "nonsense"},
		{"Enter a valid email address.\r\nEmail: ", "ann@clinic.example"},
		{"Name: ", "  "},
		{"Error: This field cannot be blank.\r\nName: ", "Ann"},
		{"Password: ", "one"},
		{"Password (again): ", "two"},
		{"Error: Your passwords didn't match.\r\nPassword: ", " "},
		{"Password (again): ", " "},
		{"Error: Blank passwords aren't allowed.\r\nPassword: ", password},
		{"Password (again): ", password},
		{"This password is too common.\r\nThis password is entirely numeric.\r\nBypass password validation and create user anyway? [y/N]: ", "n"},
		{"Password: ", password},
		{"Password (again): ", password},
		{"create user anyway? [y/N]: ", "Y"},
		{"Superuser created successfully.\r\n", ""},
	} {
		seen += readUntil(t, person, step.question)
		if strings.Contains(step.question, "Password") {
			testapp.Eventually(t, time.Minute, "the terminal hides what is typed", func() bool { return isHidden(t, person) })
		}
		if _, err := io.WriteString(person, step.answer+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if strings.Contains(seen, password) || !strings.Contains(seen, "nonsense") {
		t.Errorf("the terminal showed %q", seen)
	}
	if doors := d.signsIn(t, "ann@clinic.example", password); doors != "user and superuser" {
		t.Errorf("the new superuser signs in as %q", doors)
	}
}

// isHidden reports whether a terminal does not show what is typed.
func isHidden(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO == 0
}

// readUntil reads what a terminal shows until it ends with a text.
func readUntil(t *testing.T, terminal io.Reader, end string) string {
	t.Helper()
	var shown bytes.Buffer
	next := make([]byte, 1)
	for !strings.HasSuffix(shown.String(), end) {
		if _, err := terminal.Read(next); err != nil {
			t.Fatalf("%v after %q, which should end with %q", err, shown.String(), end)
		}
		shown.Write(next)
	}
	return shown.String()
}
