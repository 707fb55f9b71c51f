package browser

import "strings"

// axeRun has axe-core look at the page against WCAG 2.2 AA and its own best
// practices, when what moves has come to rest. It lists each rule that does not
// hold, with the first places.
const axeRun = `(async () => {
	await Promise.allSettled(document.getAnimations().filter((animation) =>
		animation.effect.getComputedTiming().iterations !== Infinity).map((animation) => animation.finished));
	const [exclude, rules] = [%EXCLUDE%, %RULES%];
	const { violations } = await axe.run(exclude ? { exclude: [[exclude]] } : document,
		{ resultTypes: ["violations"], ...(rules && { runOnly: { type: "rule", values: rules } }) });
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
	var known bool
	if p.Evaluate(`"axe" in window`, &known); !known {
		// Not through the page, whose policy would refuse it.
		p.Evaluate(browser.axe+";null", nil)
	}
	for _, scheme := range []struct{ name, rules string }{
		{"dark", "null"},
		// The rest does not depend on colours.
		{"light", `["color-contrast", "link-in-text-block"]`},
	} {
		p.Prefer("prefers-color-scheme", scheme.name)
		var violations []string
		p.Evaluate(strings.NewReplacer("%EXCLUDE%", exclude, "%RULES%", scheme.rules).Replace(axeRun), &violations)
		for _, violation := range violations {
			p.Errorf("not accessible in %s colours: %s", scheme.name, violation)
		}
	}
}
