package importer

import (
	"fmt"
	"io"
)

// maxProblems is how many problems are kept; the others are counted.
const maxProblems = 1000

// Problem is something about a row that keeps the import from beginning.
type Problem struct {
	// Table and ID are the source's; ID is empty for the table as a whole.
	Table, ID string
	// Text says what is wrong: "the e-mail address ...".
	Text string
}

func (p Problem) String() string {
	if p.ID == "" {
		return p.Table + ": " + p.Text
	}
	return p.Table + " " + p.ID + ": " + p.Text
}

// Problems is an error: all that is wrong with a source.
type Problems struct {
	// List are the first of them.
	List []Problem
	// Count counts all.
	Count int
}

func (p *Problems) add(table, id, format string, arguments ...any) {
	p.Count++
	if len(p.List) < maxProblems {
		p.List = append(p.List, Problem{table, id, fmt.Sprintf(format, arguments...)})
	}
}

// Error is how many there are.
func (p *Problems) Error() string {
	if p.Count == 1 {
		return "1 problem: nothing was imported"
	}
	return fmt.Sprintf("%d problems: nothing was imported", p.Count)
}

// Write lists the problems, one a line.
func (p *Problems) Write(out io.Writer) error {
	for _, problem := range p.List {
		if _, err := fmt.Fprintln(out, problem); err != nil {
			return err
		}
	}
	if more := p.Count - len(p.List); more > 0 {
		_, err := fmt.Fprintf(out, "... and %d more\n", more)
		return err
	}
	return nil
}
