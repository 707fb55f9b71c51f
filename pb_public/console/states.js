// Placeholders: loading, empty, failed.

import { explain } from "./request.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** Grey lines in place of content that is loading. @param {number} lines */
export function skeleton(lines) {
  return h("div", { class: "skeleton" },
    h("p", { class: "visually-hidden" }, "Loading…"),
    Array.from({ length: lines }, () => h("div", { class: "skeleton-line", "aria-hidden": "true" })));
}

/** @param {unknown} error @param {() => void} retry */
export function failure(error, retry) {
  return h("div", { class: "state bad", role: "alert" }, icon("alert"),
    h("p", {}, explain(error)),
    h("button", { type: "button", class: "button", click: retry }, "Try again"));
}

/** @param {{ picture: Parameters<typeof icon>[0], title: string, text: string, action?: Node }} options */
export function emptiness({ picture, title, text, action }) {
  return h("div", { class: "state" }, icon(picture), h("h2", {}, title), h("p", { class: "muted" }, text), action);
}
