package browsertest

import "strings"

// axeRun has axe-core look at the page against WCAG 2.2 AA and its own best
// practices, when what moves has come to rest. It lists each rule that does not
// hold, with the first places.
const axeRun = `(async () => {
	await Promise.allSettled(document.getAnimations().filter((animation) =>
		animation.effect.getComputedTiming().iterations !== Infinity).map((animation) => animation.finished));
	const exclude = %EXCLUDE%;
	const { violations } = await axe.run(exclude ? { exclude: [[exclude]] } : document, { resultTypes: ["violations"] });
	return violations.map(({ id, help, nodes }) => id + ": " + help + "\n" +
		nodes.slice(0, 3).map((node) => "  " + node.html.slice(0, 300) + "\n  " + node.failureSummary.replaceAll("\n", " ")).join("\n"));
})()`

// Accessible checks with axe-core that the page as it stands can be used by
// everybody, in light and in dark.
func (p *Page) Accessible() {
	p.Helper()
	p.accessible("null")
}

// AccessibleWithout leaves out what a selector matches and is not ours.
func (p *Page) AccessibleWithout(selector string) {
	p.Helper()
	p.accessible("'" + selector + "'")
}

func (p *Page) accessible(exclude string) {
	p.Helper()
	// Not through the page, whose policy would refuse it.
	p.Evaluate(browser.axe+";null", nil)
	for _, scheme := range []string{"dark", "light"} {
		p.Prefer("prefers-color-scheme", scheme)
		var violations []string
		p.Evaluate(strings.Replace(axeRun, "%EXCLUDE%", exclude, 1), &violations)
		for _, violation := range violations {
			p.Errorf("not accessible in %s colours: %s", scheme, violation)
		}
	}
}
