// Imports patients from a file, after showing what is in it and what is wrong.

import { importFile, patients } from "./api.js";
import { readCsv } from "./csv.js";
import { openDialog } from "./dialog.js";
import { fill, h, newId } from "./dom.js";
import { formatCount } from "./format.js";
import { explain, newKey } from "./request.js";
import { publish } from "./store.js";
import { toast } from "./toast.js";
import { reword } from "./wording.js";

/** How many rows and errors the preview shows. */
const ROWS = 8, ERRORS = 50;

/** @typedef {import("./api.js").Imported} Imported */
/** @typedef {import("./csv.js").Row} Row */

export function openImport() {
  const place = h("div", { class: "stack", "aria-live": "polite" });
  const input = h("input", { type: "file", id: newId(), accept: ".csv,text/csv", class: "input", change: () => void check() });
  const dialog = openDialog({
    title: "Import patients",
    content: [
      h("p", { class: "muted" }, "A CSV file whose first line names the fields: ", h("code", {}, "name,age,notes"), ". Nothing is imported before you have seen what is in it."),
      h("div", { class: "field" }, h("label", { for: input.id }, "File"), input),
      place,
    ],
  });
  dialog.element.classList.add("wide");

  async function check() {
    const file = input.files?.[0];
    if (!file) return;
    fill(place, h("p", { class: "muted" }, "Checking…"));
    try {
      const [text, found] = await Promise.all([file.text(), importFile(patients.path, file, { dryRun: true })]);
      if (input.files?.[0] === file) show(file, readCsv(text), found);
    } catch (error) {
      fill(place, h("p", { class: "notice bad" }, `Not checked. ${explain(error)}`));
    }
  }

  /** @param {File} file @param {Row[]} rows @param {Imported} found */
  function show(file, rows, found) {
    const wrong = found.errors.length, key = newKey();
    const confirm = h("button", { type: "button", class: "button primary", click: () => void run(file, key, confirm, problem) }, `Import ${formatCount(found.rows, "patient")}`);
    const problem = h("div", { role: "alert" });
    const where = found.rows > 0 ? ` in ${formatCount(found.rows, "row")}` : "";
    fill(place,
      h("p", { class: wrong > 0 ? "notice bad" : "notice" }, wrong > 0
        ? `${formatCount(wrong, "error")}${where}. Correct the file and choose it again.` : `${found.rows > 0 ? formatCount(found.rows, "patient") : "No patient"} can be imported.`),
      preview(rows, found),
      problem,
      wrong > 0 ? errorList(rows, found) : found.rows > 0 && h("div", { class: "dialog-actions" }, h("button", { type: "button", class: "button", click: () => dialog.close() }, "Cancel"), confirm));
  }

  /** @param {File} file @param {string} key @param {HTMLButtonElement} button @param {HTMLElement} problem */
  async function run(file, key, button, problem) {
    button.disabled = true;
    fill(problem);
    try {
      const done = await importFile(patients.path, file, { dryRun: false, key });
      if (done.errors.length > 0) return show(file, readCsv(await file.text()), done);
      publish({ collection: "patients", action: "create", record: {} });
      dialog.close();
      toast(`${formatCount(done.created, "patient")} imported.`);
    } catch (error) {
      button.disabled = false;
      fill(problem, h("p", { class: "notice bad" }, `Not imported. ${explain(error)}`));
    }
  }
}

/** The first rows, and those with errors, whose cells are marked. @param {Row[]} rows @param {Imported} found */
function preview(rows, { errors }) {
  const [head, ...content] = rows;
  if (!head) return null;
  const wrong = new Set(errors.map(({ line }) => line));
  const shown = content.filter(({ line }, index) => index < ROWS || wrong.has(line)).slice(0, wrong.size > 0 ? ROWS * 2 : ROWS);
  return h("div", { class: "preview", tabindex: 0, role: "region", "aria-label": "Preview" }, h("table", { class: "chart-table" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Line"), head.cells.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, shown.map(({ line, cells }) => h("tr", {}, h("th", { scope: "row" }, String(line)), head.cells.map((name, column) => {
      const isWrong = errors.some((error) => error.line === line && error.field === name.trim());
      return h("td", { dir: "auto" }, isWrong ? h("mark", {}, cells[column] || "empty") : cells[column]?.slice(0, 80));
    }))))));
}

/** @param {Row[]} rows @param {Imported} found */
function errorList(rows, { errors }) {
  const names = rows[0]?.cells.map((name) => name.trim()) ?? [];
  return h("div", {},
    h("ul", { class: "error-list" }, errors.slice(0, ERRORS).map(({ line, field, messages }) => {
      const value = rows.find((row) => row.line === line)?.cells[names.indexOf(field)] ?? "";
      return h("li", {}, `Line ${line}${field && `, ${field}`}: `, messages.map((message) => reword(message, field || "line", value)).join(" "));
    })),
    errors.length > ERRORS && h("p", { class: "muted" }, `And ${errors.length - ERRORS} more.`));
}
