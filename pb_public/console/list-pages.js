// The foot of a list: which page it shows, and the way to others.

import { h, newId } from "./dom.js";
import { formatNumber } from "./format.js";
import { icon } from "./icons.js";

/** The numbers of rows that a page can have. */
export const PAGE_SIZES = [25, 50, 100];

/**
 * @param {{ go: (change: { page?: number, size?: number }) => void }} options
 */
export function listPages({ go }) {
  let page = 1, last = 1;
  const range = h("p", { class: "muted", role: "status" });
  const number = h("input", { type: "number", class: "input page-number", id: newId(), min: 1, autocomplete: "off", change: jump, keydown: (event) => event.key === "Enter" && jump() });
  const size = h("select", { class: "input", id: newId(), change: () => go({ size: Number(size.value), page: 1 }) }, PAGE_SIZES.map((count) => h("option", { value: count }, String(count))));
  const of = h("span", { class: "muted" });
  const previous = button("Previous page", "back", -1), next = button("Next page", "next", 1);
  const element = h("nav", { class: "pages", "aria-label": "Pages", hidden: true },
    range,
    h("div", { class: "page-size" }, h("label", { for: size.id, class: "muted" }, "Rows"), size),
    h("div", { class: "page-buttons" }, previous, h("label", { for: number.id, class: "muted" }, "Page"), number, of, next));

  function jump() {
    const wanted = Math.min(last, Math.max(1, Math.trunc(Number(number.value)) || page));
    number.value = String(wanted);
    if (wanted !== page) go({ page: wanted });
  }

  /** @param {string} label @param {"back" | "next"} picture @param {number} step */
  function button(label, picture, step) {
    return h("button", { type: "button", class: "button icon", "aria-label": label, click: ({ currentTarget }) => {
      if (currentTarget.getAttribute("aria-disabled") !== "true") go({ page: page + step });
    } }, icon(picture));
  }

  return {
    element,
    /** @param {number} shown @param {number} rows @param {number} total */
    show(shown, rows, total) {
      page = shown;
      last = Math.max(1, Math.ceil(total / rows));
      const from = (page - 1) * rows + 1, to = Math.min(total, page * rows);
      range.textContent = `${formatNumber(from)}–${formatNumber(to)} of ${formatNumber(total)}`;
      number.value = String(page);
      number.max = String(last);
      of.textContent = `of ${formatNumber(last)}`;
      size.value = String(rows);
      // Not disabled: that would lose the focus.
      previous.setAttribute("aria-disabled", String(page === 1));
      next.setAttribute("aria-disabled", String(page >= last));
    },
  };
}
