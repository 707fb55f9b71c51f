package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// prompt asks questions on standard input.
type prompt struct {
	in     io.Reader
	out    io.Writer
	errors io.Writer
}

// newPrompt returns a command's prompt. A terminal shows again what is typed when the
// app ends, even if it ends while a password is typed.
func newPrompt(app core.App, command *cobra.Command) prompt {
	p := prompt{in: command.InOrStdin(), out: command.OutOrStdout(), errors: command.ErrOrStderr()}
	if descriptor, found := p.terminal(); found {
		if state, err := term.GetState(descriptor); err == nil {
			app.OnTerminate().BindFunc(func(e *core.TerminateEvent) error {
				return errors.Join(term.Restore(descriptor, state), e.Next())
			})
		}
	}
	return p
}

// terminal returns the terminal that the answers are typed on, if it is one.
func (p prompt) terminal() (descriptor int, found bool) {
	file, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	return int(file.Fd()), true
}

// line asks for a line of text.
func (p prompt) line(question string) (string, error) {
	if _, err := fmt.Fprint(p.out, question); err != nil {
		return "", err
	}
	return p.readLine()
}

// readLine reads no further than the line's end: the next answer may be a password.
func (p prompt) readLine() (string, error) {
	var line strings.Builder
	next := make([]byte, 1)
	for {
		count, err := p.in.Read(next)
		if count == 1 && next[0] != '\n' {
			line.WriteByte(next[0])
		}
		switch {
		case count == 1 && next[0] == '\n', errors.Is(err, io.EOF) && line.Len() > 0:
			return strings.TrimSuffix(line.String(), "\r"), nil
		case err != nil:
			return "", errors.New("aborted: there is no answer")
		}
	}
}

// passwords asks for a password twice, without showing it on a terminal.
func (p prompt) passwords() (first, second string, err error) {
	if first, err = p.hidden("Password: "); err == nil {
		second, err = p.hidden("Password (again): ")
	}
	return first, second, err
}

func (p prompt) hidden(question string) (string, error) {
	descriptor, found := p.terminal()
	if !found {
		return p.line(question)
	}
	if _, err := fmt.Fprint(p.out, question); err != nil {
		return "", err
	}
	typed, err := term.ReadPassword(descriptor)
	_, printErr := fmt.Fprintln(p.out)
	if err != nil {
		return "", errors.New("aborted: there is no answer")
	}
	return string(typed), printErr
}

// complain says what is wrong with an answer.
func (p prompt) complain(message string) error {
	_, err := fmt.Fprintln(p.errors, message)
	return err
}
