// Files for spreadsheets (RFC 4180).

import { h } from "./dom.js";

/** What begins a formula in a spreadsheet. */
const FORMULA = /^[=+\-@\t\r]/;

/** @param {string[]} names @param {any[][]} rows */
export function csvOf(names, rows) {
  return [names, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** @param {any} value */
function cell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value.replace(FORMULA, "'$&") : typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lets the browser save a file. @param {string} name @param {string | Blob} content */
export function saveFile(name, content) {
  // The mark tells spreadsheets that the text is UTF-8.
  const blob = content instanceof Blob ? content : new Blob(["\uFEFF", content], { type: "text/csv" });
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
