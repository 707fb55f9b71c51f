package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	barWidth = 30
	// redrawEvery is the shortest time between two updates of a bar.
	redrawEvery = 100 * time.Millisecond
	// rateAfter is how long work takes before its rate says anything.
	rateAfter = time.Second
)

// progressBar shows progress: a bar on a terminal, otherwise a line for each ten
// percent of a part, as far as they are reported.
type progressBar struct {
	out      io.Writer
	unit     string
	terminal bool
	drawn    time.Time
	finished string
	open     bool // whether the last line is an unfinished bar
	current  string
	began    time.Time
	tenths   int64 // how many tenths of the current part have their line
}

// newProgress returns a progress bar that counts in a unit, a plural such as "rows".
func newProgress(out io.Writer, unit string) *progressBar {
	return &progressBar{out: out, unit: unit, terminal: isTerminal(out)}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// report shows progress. It is a transfer.Progress and a backup.Progress.
func (p *progressBar) report(stage, subject string, done, total int64) {
	name := stage + " " + subject
	if p.finished == name {
		return
	}
	if p.current != name {
		p.current, p.began, p.tenths = name, time.Now(), 0
	}
	if done >= total {
		p.finished = name
		if p.terminal {
			p.draw(name, 1, done, total)
			p.end()
			return
		}
		fmt.Fprintf(p.out, "%s: %d %s\n", name, done, p.unit)
		return
	}
	if tenths := done * 10 / total; !p.terminal && tenths > p.tenths {
		p.tenths = tenths
		fmt.Fprintf(p.out, "%s: %d%%, %d of %d %s%s\n", name, tenths*10, done, total, p.unit, p.rate(done))
	}
	if p.terminal && time.Since(p.drawn) >= redrawEvery {
		p.draw(name, float64(done)/float64(total), done, total)
	}
}

func (p *progressBar) draw(name string, part float64, done, total int64) {
	p.drawn, p.open = time.Now(), true
	full := int(part * barWidth)
	fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %3.0f%% %s: %d of %d %s%s", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), part*100, name, done, total, p.unit, p.rate(done))
}

// rate is how many of the unit are done in a second.
func (p *progressBar) rate(done int64) string {
	elapsed := time.Since(p.began)
	if elapsed < rateAfter {
		return ""
	}
	return fmt.Sprintf(", %.0f %s/s", float64(done)/elapsed.Seconds(), p.unit)
}

// end moves past the line of an unfinished bar.
func (p *progressBar) end() {
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}
