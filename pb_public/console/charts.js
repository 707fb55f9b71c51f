// Small charts. Bars are labelled with their values, so that nothing depends on
// colour, and each chart is also available as a table.

import { h, newId, svg } from "./dom.js";
import { formatNumber } from "./format.js";

/** @typedef {{ label: string, value: number, title?: string }} Bar */

const ROW = 28;

/** Horizontal bars. @param {string} title @param {Bar[]} bars */
export function barChart(title, bars) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return chart(title, bars, bars.length * ROW, bars.flatMap(({ label, value }, index) => {
    const middle = index * ROW + ROW / 2;
    const width = (value / most) * 54;
    return [
      svg("text", { x: 0, y: middle, class: "chart-label", "dominant-baseline": "central" }, shorten(label)),
      svg("rect", { x: "34%", y: middle - 8, width: `${Math.max(width, 0.5)}%`, height: 16, rx: 3, class: value ? "chart-bar" : "chart-bar empty" }),
      svg("text", { x: `${34 + Math.max(width, 0.5) + 1.5}%`, y: middle, class: "chart-value", "dominant-baseline": "central" }, formatNumber(value)),
    ];
  }));
}

const HEIGHT = 170, TOP = 22, BOTTOM = 26;

/** Vertical columns. @param {string} title @param {Bar[]} bars */
export function columnChart(title, bars) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const step = 100 / bars.length;
  return chart(title, bars, HEIGHT, bars.flatMap(({ label, value }, index) => {
    const height = Math.max((value / most) * (HEIGHT - TOP - BOTTOM), 2);
    const middle = `${(index + 0.5) * step}%`;
    const parts = [
      svg("rect", { x: `${(index + 0.15) * step}%`, y: HEIGHT - BOTTOM - height, width: `${step * 0.7}%`, height, rx: 3, class: value ? "chart-bar" : "chart-bar empty" }),
      svg("text", { x: middle, y: HEIGHT - BOTTOM - height - 7, class: "chart-value", "text-anchor": "middle" }, formatNumber(value)),
    ];
    // There is not enough room for all labels: show every third, up to the last.
    if ((bars.length - 1 - index) % 3 === 0) {
      parts.push(svg("text", { x: middle, y: HEIGHT - 7, class: "chart-label", "text-anchor": "middle" }, label));
    }
    return parts;
  }));
}

/** @param {string} title @param {Bar[]} bars @param {number} height @param {Element[]} parts */
function chart(title, bars, height, parts) {
  const id = newId(), descriptionId = newId();
  const description = bars.map(({ label, value }) => `${label}: ${formatNumber(value)}`).join("; ");
  return h("figure", { class: "chart" },
    h("figcaption", {}, title),
    svg("svg", { role: "img", "aria-labelledby": `${id} ${descriptionId}`, width: "100%", height },
      svg("title", { id }, title), svg("desc", { id: descriptionId }, description), ...parts),
    h("details", {},
      h("summary", {}, "As a table"),
      h("table", { class: "chart-table" },
        h("caption", { class: "visually-hidden" }, title),
        h("tbody", {}, bars.map(({ label, value }) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, label), h("td", {}, formatNumber(value))))))));
}

/** Shortens a label, because SVG does not wrap lines. @param {string} text */
function shorten(text) {
  const characters = Array.from(text);
  return characters.length > 17 ? `${characters.slice(0, 16).join("")}…` : text;
}
