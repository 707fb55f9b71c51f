package importer

import (
	"fmt"
	"io"
)

// maxProblems is the number of problems kept; further ones are only counted.
const maxProblems = 1000

// Problem describes a row that prevents the import.
type Problem struct {
	// Table and ID are those of the source; ID is empty for the whole table.
	Table, ID string
	// Text describes the problem: "the e-mail address ...".
	Text string
}

func (p Problem) String() string {
	if p.ID == "" {
		return p.Table + ": " + p.Text
	}
	return p.Table + " " + p.ID + ": " + p.Text
}

// Problems is an error with all problems of a source.
type Problems struct {
	// List holds the first problems.
	List []Problem
	// Count is the total number of problems.
	Count int
}

func (p *Problems) add(table, id, format string, arguments ...any) {
	p.Count++
	if len(p.List) < maxProblems {
		p.List = append(p.List, Problem{table, id, fmt.Sprintf(format, arguments...)})
	}
}

// Error returns the number of problems.
func (p *Problems) Error() string {
	if p.Count == 1 {
		return "1 problem: nothing was imported"
	}
	return fmt.Sprintf("%d problems: nothing was imported", p.Count)
}

// Write writes one line per problem.
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
