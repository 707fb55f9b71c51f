package browser

import "strings"

// axeRun waits for animations to finish, then runs axe-core's rules (WCAG 2.2 AA
// and best practices) and lists each violated rule with the first elements.
const axeRun = `(async () => {
	await Promise.allSettled(document.getAnimations().filter((animation) =>
		animation.effect.getComputedTiming().iterations !== Infinity).map((animation) => animation.finished));
	const [exclude, rules] = [%EXCLUDE%, %RULES%];
	const { violations } = await axe.run(exclude ? { exclude: [[exclude]] } : document,
		{ resultTypes: ["violations"], ...(rules && { runOnly: { type: "rule", values: rules } }) });
	return violations.map(({ id, help, nodes }) => id + ": " + help + "\n" +
		nodes.slice(0, 3).map((node) => "  " + node.html.slice(0, 300) + "\n  " + node.failureSummary.replaceAll("\n", " ")).join("\n"));
})()`

// Accessible checks the current page with axe-core, in light and dark colours.
func (p *Page) Accessible() {
	p.Helper()
	p.accessible("null")
}

// AccessibleWithout is Accessible without the elements that a selector matches,
// for third-party content.
func (p *Page) AccessibleWithout(selector string) {
	p.Helper()
	p.accessible("'" + selector + "'")
}

func (p *Page) accessible(exclude string) {
	p.Helper()
	var known bool
	if p.Evaluate(`"axe" in window`, &known); !known {
		// The page's content security policy would refuse a script element.
		p.Evaluate(browser.axe+";null", nil)
	}
	for _, scheme := range []struct{ name, rules string }{
		{"dark", "null"},
		// Other rules do not depend on colours.
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
