// The two tabs of a form: its fields, and the raw JSON.

/** @param {HTMLElement} tab */
export function selectTab(tab) {
  for (const other of tabsOf(tab)) {
    const selected = other === tab;
    other.setAttribute("aria-selected", String(selected));
    other.tabIndex = selected ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !selected;
  }
}

/** @param {Element} tab @returns {HTMLElement[]} */
const tabsOf = (tab) => [.../** @type {NodeListOf<HTMLElement>} */ (tab.closest("[role=tablist]")?.querySelectorAll("[role=tab]") ?? [])];

/** Moves between tabs with the arrow keys. @param {KeyboardEvent} event */
export function tabKeys(event) {
  const tab = /** @type {Element} */ (event.target).closest("[role=tab]");
  if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const other = tabsOf(tab).find((candidate) => candidate !== tab);
  if (!other) return;
  selectTab(other);
  other.focus();
}
