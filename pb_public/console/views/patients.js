// The list of patients, and the actions on a patient.

import { patients } from "../api.js";
import { h } from "../dom.js";
import { excerpt, formatDay } from "../format.js";
import { listView, rowActions } from "../list-view.js";
import { confirm } from "../dialog.js";
import { schedule } from "../deletions.js";
import { openRecordForm } from "../record-form.js";
import { address, go } from "../router.js";

/** @typedef {import("../api.js").Patient} Patient */

/** @type {import("../form.js").Field[]} */
const fields = [
  { name: "name", label: "Name", required: true },
  { name: "age", label: "Age", required: true, inputmode: "numeric", help: "In completed years; 0 for a newborn." },
  { name: "notes", label: "Notes", lines: 6 },
];

/** @param {import("../main.js").Context} context */
export function patientsView({ route, signal }) {
  return {
    title: "Patients",
    element: listView({
      collection: "patients", title: "Patients", one: "patient", picture: "patients", order: "-created_at", route, signal,
      hint: "Add the first one. Only you will see your patients.",
      load: patients.list,
      add: addPatient,
      columns: [
        { name: "name", label: "Name", sort: "name", cell: (patient) => [
          h("a", { href: address(["patients", patient.id]), class: "row-link", dir: "auto" }, patient.name),
          h("span", { class: "only-narrow muted small" }, `${patient.age} years · ${formatDay(patient.created_at)}`)] },
        { name: "age", label: "Age", sort: "age", secondary: true, cell: (patient) => [String(patient.age)] },
        { name: "notes", label: "Notes", secondary: true, cell: (patient) => [h("span", { dir: "auto", class: "excerpt" }, excerpt(patient.notes, 90))] },
        { name: "added", label: "Added", sort: "created_at", secondary: true, cell: (patient) => [formatDay(patient.created_at)] },
      ],
      actions: (patient) => rowActions(patient, editPatient, deletePatient),
    }),
  };
}

function addPatient() {
  openRecordForm({
    collection: "patients", title: "Add a patient", fields,
    save: (values) => patients.create(values),
    done: (patient) => go(address(["patients", patient.id])),
  });
}

/** @param {Patient} patient */
export function editPatient(patient) {
  openRecordForm({
    collection: "patients", title: "Edit patient", fields, item: patient,
    save: (values) => patients.update(patient.id, values),
    done: () => {},
  });
}

/** Deletes after confirmation and returns whether that was given. @param {Patient} patient */
export async function deletePatient(patient) {
  const sure = await confirm({
    title: "Delete this patient?",
    text: `${patient.name}, their notes and their care team will be deleted.`,
    yes: "Delete patient",
  });
  if (sure) {
    schedule({ collection: "patients", id: patient.id, path: `${patients.path}${patient.id}/`, message: `${patient.name} deleted.` });
  }
  return sure;
}
