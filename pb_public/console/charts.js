// Small charts as lists, which read the same without colours and for screen readers.
// Each bar may be a link.

import { h, newId } from "./dom.js";
import { formatNumber } from "./format.js";

/** @typedef {{ label: string, value: number, href?: string, short?: string }} Bar */

/** The length of labels in characters that need little room. */
const SHORT = 6;

/** Horizontal bars. @param {string} title @param {Bar[]} bars @param {import("./dom.js").Child} [foot] */
export const barChart = (title, bars, foot) => chart(bars.every(({ label }) => label.length <= SHORT) ? "bars short" : "bars", title, bars, foot);

/** Vertical columns. @param {string} title @param {Bar[]} bars */
export const columnChart = (title, bars) => chart("bars columns-chart", title, bars);

/** @param {string} kind @param {string} title @param {Bar[]} bars @param {import("./dom.js").Child} [foot] */
function chart(kind, title, bars, foot) {
  const id = newId();
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return h("section", { class: "panel section", "aria-labelledby": id },
    h("h2", { id }, title),
    h("ul", { class: kind }, bars.map((bar) => h("li", {}, barOf(bar, most)))),
    foot && h("p", { class: "muted small" }, foot));
}

/** @param {Bar} bar @param {number} most */
function barOf({ label, value, href, short }, most) {
  const fill = h("span", { class: "bar-fill" });
  fill.style.setProperty("--share", String(value / most));
  const parts = [
    h("span", { class: "bar-label", dir: "auto", title: label }, short ? [h("span", { class: "visually-hidden" }, label), h("span", { "aria-hidden": "true" }, short)] : label),
    h("span", { class: "bar-track", "aria-hidden": "true" }, fill),
    h("span", { class: "bar-value" }, formatNumber(value)),
  ];
  return href && value > 0 ? h("a", { class: "bar", href }, parts) : h("span", { class: "bar" }, parts);
}
