package simulation

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Write prints the parameters and what each size comes to, in Markdown.
func Write(to io.Writer, p Parameters) {
	fmt.Fprintln(to, "| measured | figure | by |\n|---|---|---|")
	for _, each := range p {
		fmt.Fprintf(to, "| %s | %g %s | `%s` |\n", each.What, each.Value, each.Unit, each.Command)
	}
	loads := make([]Load, len(Sizes))
	for i, size := range Sizes {
		loads[i] = LoadOf(size, p)
	}
	fmt.Fprintf(to, "\n| | users | requests a second | writes a second | SQLite: %d cores busy | its writer busy | 99%% answered within (ms) | PostgreSQL: Carebase's %d cores busy |\n|---|---|---|---|---|---|---|---|\n", cores, cores)
	for _, l := range loads {
		fmt.Fprintf(to, "| %s | %d | %.2f | %.2f | %s | %s | %.0f | %s |\n", l.Name, l.Users, l.Requests, l.Writes,
			share(l.SQLite.processor), share(l.SQLite.writer), l.SQLite.p99*1e3, share(l.PostgreSQL.processor))
	}
	fmt.Fprintln(to, "\n| | open screens | memory (MB) | a doctor's change to all (s of processor) | all connect again (s of processor) | slowest login at the start of a shift (s) |\n|---|---|---|---|---|---|")
	for _, l := range loads {
		fmt.Fprintf(to, "| %s | %d | %.0f | %.3f | %.1f | %.1f |\n", l.Name, l.Screens, l.Memory/bytesPerMB, l.Doctor, l.Restart, l.Login)
	}
	fmt.Fprintf(to, "\n| | trail, MB a day as rows | sealed | GB on the disk after %d years, sealed | breaks first |\n|---|---|---|---|---|\n", years)
	for _, l := range loads {
		fmt.Fprintf(to, "| %s | %.1f | %.1f | %.1f | %s |\n", l.Name, l.Rows/bytesPerMB, l.Sealed/bytesPerMB, l.Kept/bytesPerGB, l.First())
	}
}

func share(of float64) string { return fmt.Sprintf("%.1f %%", of*percent) }

// limit is something that a machine has only so much of, with the share that is used.
type limit struct {
	name string
	used float64
}

// First names what reaches its limit first on the machine, and how much of it the
// size needs.
func (l Load) First() string {
	limits := []limit{
		{"processor", l.SQLite.processor / sustained}, {"the one writer of SQLite", l.SQLite.writer / sustained},
		{"memory", l.Memory / memory}, {"disk", l.Kept / disk}, {"logins at the start of a shift", l.Logins},
	}
	slices.SortStableFunc(limits, func(a, b limit) int { return cmp.Compare(b.used, a.used) })
	if first := limits[0]; first.used < 1 {
		return fmt.Sprintf("nothing (%s: %.0f %%)", first.name, first.used*percent)
	}
	broken := ""
	for _, each := range limits {
		if each.used >= 1 {
			broken += fmt.Sprintf(", %s: %.0f %%", each.name, each.used*percent)
		}
	}
	return broken[len(", "):]
}
