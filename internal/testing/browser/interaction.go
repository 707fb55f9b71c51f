package browser

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// longText is the length in bytes from which a text is set instead of typed.
const longText = 10_000

// stillReadings is how often an element is found where it was before it is clicked.
const stillReadings = 3

// Sees waits until the page shows a text.
func (p *Page) Sees(text string) {
	p.Helper()
	p.Until("document.body.innerText.includes(" + quote(text) + ")")
}

// SeesNot waits until the page no longer shows a text.
func (p *Page) SeesNot(text string) {
	p.Helper()
	p.Until("!document.body.innerText.includes(" + quote(text) + ")")
}

// Click waits for a visible, enabled, unobscured element that the CSS selector
// matches and clicks the first one.
func (p *Page) Click(selector string) {
	p.Helper()
	p.click(`document.querySelectorAll(` + quote(selector) + `)`)
}

// Press clicks the button, link, tab or option with this name.
func (p *Page) Press(name string) {
	p.Helper()
	p.click(`[...document.querySelectorAll("button, a, summary, [role=tab], [role=option]")].filter((element) =>
		(element.getAttribute("aria-label") ?? element.innerText).trim() === ` + quote(name) + `)`)
}

// click sends mouse events to the first clickable element.
func (p *Page) click(elements string) {
	p.Helper()
	where := `(() => {
		for (const element of ` + elements + `) {
			if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) continue;
			element.scrollIntoView({ block: "center", behavior: "instant" });
			const box = element.getBoundingClientRect();
			const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
			const top = document.elementFromPoint(x, y);
			if (top && (element.contains(top) || top.closest("label")?.control === element)) return [x, y];
		}
		return null;
	})()`
	at := p.stillAt(where)
	p.Do(chromedp.MouseClickXY(at[0], at[1]))
}

// stillAt waits until an expression gives the same point several times in succession,
// and returns it: what loads meanwhile moves an element away under the pointer. It asks
// from here because a page whose scripts are off draws no frames for them.
func (p *Page) stillAt(where string) []float64 {
	p.Helper()
	deadline := time.Now().Add(timeout)
	var last []byte
	for same := 0; ; time.Sleep(pollInterval) {
		now, err := p.evaluate(where)
		if err == nil && string(now) != "null" && bytes.Equal(now, last) {
			same++
		} else {
			same = 0
		}
		last = now
		if same == stillReadings {
			break
		}
		if time.Now().After(deadline) {
			p.Fatalf("nothing to click stood still: %s (%v)\nThe page says:\n%s", where, err, p.text())
		}
	}
	var at []float64
	if err := json.Unmarshal(last, &at); err != nil {
		p.Fatalf("%s: %v", last, err)
	}
	return at
}

// Fill sets the field with this label to a text, like pasting it.
func (p *Page) Fill(label, text string) {
	p.Helper()
	field := `(() => {
		const label = [...document.querySelectorAll("label")].find((label) =>
			label.checkVisibility() && label.innerText.replace(/[*\n].*/s, "").trim() === ` + quote(label) + `);
		return label?.control ?? null;
	})()`
	p.Until(field)
	p.Evaluate(`(() => { const field = `+field+`; field.focus(); field.select?.(); })()`, nil)
	switch {
	case text == "":
		p.Key("Backspace")
		return
	case len(text) > longText:
		// The protocol's insertText is slow for long texts.
		p.Evaluate(`(() => {
			const field = document.activeElement;
			field.setRangeText(`+quote(text)+`, 0, field.value.length);
			field.dispatchEvent(new InputEvent("input", { bubbles: true }));
		})()`, nil)
		return
	}
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// Choose chooses a file in the input that the CSS selector matches.
func (p *Page) Choose(selector, path string) {
	p.Helper()
	p.Until(`document.querySelector(` + quote(selector) + `)`)
	found := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector(` + quote(selector) + `)`})
	call(p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: found.Result.ObjectID})
}

// keys maps the keys that Key can press to the protocol's key codes.
var keys = map[string]input.DispatchKeyEventParams{
	"Enter":     {Code: "Enter", WindowsVirtualKeyCode: 13, Text: "\r"},
	"Tab":       {Code: "Tab", WindowsVirtualKeyCode: 9},
	"Escape":    {Code: "Escape", WindowsVirtualKeyCode: 27},
	"Backspace": {Code: "Backspace", WindowsVirtualKeyCode: 8},
	"ArrowDown": {Code: "ArrowDown", WindowsVirtualKeyCode: 40},
	"ArrowUp":   {Code: "ArrowUp", WindowsVirtualKeyCode: 38},
	" ":         {Code: "Space", WindowsVirtualKeyCode: 32, Text: " "},
	"/":         {Code: "Slash", WindowsVirtualKeyCode: 191, Text: "/"},
	"?":         {Code: "Slash", WindowsVirtualKeyCode: 191, Text: "?"},
	"n":         {Code: "KeyN", WindowsVirtualKeyCode: 78, Text: "n"},
	"e":         {Code: "KeyE", WindowsVirtualKeyCode: 69, Text: "e"},
}

// Key presses keys in sequence, named as in KeyboardEvent.key.
func (p *Page) Key(names ...string) {
	p.Helper()
	for _, name := range names {
		event, known := keys[name]
		if !known {
			p.Fatal("no such key: ", name)
		}
		event.Key = name
		event.Type = input.DispatchKeyEventTypeRawKeyDown
		if event.Text != "" {
			event.Type = input.DispatchKeyEventTypeKeyDown
		}
		call(p, input.DispatchKeyEvent, event)
		event.Type, event.Text = input.DispatchKeyEventTypeKeyUp, ""
		call(p, input.DispatchKeyEvent, event)
	}
}

// Type types a text into the focused element.
func (p *Page) Type(text string) {
	p.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// quote returns a text as a JavaScript literal.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}
