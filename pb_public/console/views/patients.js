// The list of patients.

import { patients } from "../api.js";
import { addedFields, concise } from "../declared.js";
import { h } from "../dom.js";
import { formatDay } from "../format.js";
import { icon } from "../icons.js";
import { openImport } from "../import-dialog.js";
import { listView, rowActions } from "../list-view.js";
import { excerptAround, marked } from "../marks.js";
import { assignDoctor, deletePatients, exportAll, exportPatients, formatAge, openPatientForm } from "../patient-actions.js";
import { patientFilters } from "../patient-filters.js";
import { address } from "../router.js";
import { show } from "../show.js";

/** How many of an operator's fields a list shows. */
const ADDED = 3;

/** @param {import("../main.js").Context} context */
export async function patientsView({ route, signal }) {
  const added = concise(await addedFields(patients.path).catch(() => [])).slice(0, ADDED);
  return {
    title: "Patients",
    element: listView({
      collection: "patients", title: "Patients", one: "patient", picture: "patients", order: "-created_at", route, signal,
      hint: "Add the first one, or import a CSV file. Only you will see your patients.",
      load: patients.list, also: ["mappings"], filters: patientFilters(),
      add: () => void openPatientForm(),
      extra: (query) => [
        h("button", { type: "button", class: "button", click: () => openImport(), "aria-label": "Import" }, icon("upload"), h("span", {}, "Import")),
        h("button", { type: "button", class: "button", click: () => void exportAll(query), "aria-label": "Export" }, icon("download"), h("span", {}, "Export")),
      ],
      columns: [
        { name: "name", label: "Name", sort: "name", cell: (patient, sought) => [
          h("a", { href: address(["patients", patient.id]), class: "row-link", dir: "auto" }, marked(patient.name, sought)),
          h("span", { class: "only-narrow muted small" }, `${formatAge(patient.age)} · ${formatDay(patient.created_at)}`)] },
        { name: "age", label: "Age", sort: "age", secondary: true, cell: (patient) => [String(patient.age)] },
        { name: "notes", label: "Notes", secondary: true, cell: (patient, sought) => [h("span", { dir: "auto", class: "excerpt" }, marked(excerptAround(patient.notes, sought, 240), sought))] },
        ...added.map((field, index) => ({ name: `added-field-${index + 1}`, label: field.label, sort: field.name, secondary: true,
          cell: (/** @type {any} */ patient) => [show(field, patient[field.name])] })),
        { name: "added", label: "Added", sort: "created_at", secondary: true, cell: (patient) => [formatDay(patient.created_at)] },
      ],
      actions: (patient) => rowActions(patient, (item) => void openPatientForm(item), (item) => void deletePatients([item])),
      selected: (chosen, clear) => [
        h("button", { type: "button", class: "button", click: () => assignDoctor(chosen, clear) }, "Assign a doctor"),
        h("button", { type: "button", class: "button", click: () => exportPatients(chosen) }, "Export these"),
        h("button", { type: "button", class: "button", click: async () => { if (await deletePatients(chosen)) clear(); } }, "Delete"),
      ],
    }),
  };
}
