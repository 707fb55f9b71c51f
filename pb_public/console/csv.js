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

/** A row of a file with the number of its first line. @typedef {{ line: number, cells: string[] }} Row */

/** Returns the rows of a file that is separated by commas or semicolons. @param {string} text @returns {Row[]} */
export function readCsv(text) {
  const content = text.replace(/^\uFEFF/, "");
  const head = content.split(/\r?\n/, 1)[0] ?? "";
  const separator = head.split(";").length > head.split(",").length ? ";" : ",";
  /** @type {Row[]} */
  const rows = [];
  let line = 1;
  /** @type {Row} */
  let row = { line, cells: [] };
  const part = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n]*))(${separator}|\\r?\\n|$)`, "y");
  while (part.lastIndex < content.length) {
    const found = part.exec(content);
    if (!found) break;
    const [whole, quoted, plain = "", end = ""] = found;
    row.cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split("\n").length - 1;
    if (end !== separator) {
      if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row);
      row = { line, cells: [] };
    }
  }
  return row.cells.length > 0 ? [...rows, row] : rows;
}

/** Lets the browser save a file. @param {string} name @param {string | Blob} content */
export function saveFile(name, content) {
  // The mark tells spreadsheets that the text is UTF-8.
  const blob = content instanceof Blob ? content : new Blob(["\uFEFF", content], { type: "text/csv" });
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
