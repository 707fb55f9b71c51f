// Two versions of a record side by side, to choose from or to merge.

import { diff } from "./diff.js";
import { h } from "./dom.js";

/** @typedef {import("./field.js").Field & { mine: string, theirs: string }} Conflict */

/**
 * Shows the fields that were changed here and elsewhere. What is chosen is written
 * into the form, where it can be edited.
 * @param {Conflict[]} conflicts @param {(values: Record<string, string>) => void} write
 */
export function comparison(conflicts, write) {
  return h("section", { class: "comparison", "aria-labelledby": "comparison-title" },
    h("h3", { id: "comparison-title", tabindex: -1 }, "Changed by you and by somebody else"),
    h("p", { class: "muted small" }, "Choose a version of each field, or edit the text in the form below. Nothing is saved before you press Save."),
    conflicts.map((conflict) => versions(conflict, write)));
}

/** @param {Conflict} conflict @param {(values: Record<string, string>) => void} write */
function versions({ name, label, type, lines, say = (text) => text, mine, theirs }, write) {
  const [ours, others] = diff(say(mine), say(theirs));
  /** @param {string} title @param {import("./diff.js").Piece[]} pieces @param {string} value @param {boolean} chosen */
  const version = (title, pieces, value, chosen) => h("div", { class: "version" },
    h("h4", { class: "muted small" }, title),
    h("p", { class: "version-text", dir: "auto" }, say(value) === "" ? h("span", { class: "muted" }, "Empty") : pieces.map(({ text, differs }) => differs ? h("mark", {}, text) : text)),
    choice(`Use ${title.toLowerCase()}`, value, chosen));
  /** @param {string} text @param {string} value @param {boolean} [chosen] */
  const choice = (text, value, chosen = false) => h("button", {
    type: "button", class: "button", "aria-pressed": String(chosen), "aria-label": `${text}: ${label}`,
    click: ({ currentTarget }) => {
      group.querySelectorAll("[aria-pressed]").forEach((button) => button.setAttribute("aria-pressed", String(button === currentTarget)));
      write({ [name]: value });
    },
  }, text);
  const group = h("div", { class: "versions", role: "group", "aria-label": label },
    h("strong", { class: "versions-label" }, label),
    version("My version", ours, mine, true),
    version("Their version", others, theirs, false),
    lines && type !== "json" && h("div", { class: "versions-both" }, choice("Use both, one after the other", `${mine}\n${theirs}`)));
  return group;
}
