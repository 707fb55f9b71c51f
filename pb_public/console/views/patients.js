// The list of patients.

import { patients } from "../api.js";
import { h } from "../dom.js";
import { excerpt, formatDay } from "../format.js";
import { listView, rowActions } from "../list-view.js";
import { deletePatients, openPatientForm } from "../patient-actions.js";
import { address } from "../router.js";

/** @param {import("../main.js").Context} context */
export function patientsView({ route, signal }) {
  return {
    title: "Patients",
    element: listView({
      collection: "patients", title: "Patients", one: "patient", picture: "patients", order: "-created_at", route, signal,
      hint: "Add the first one. Only you will see your patients.",
      load: patients.list,
      add: () => void openPatientForm(),
      columns: [
        { name: "name", label: "Name", sort: "name", cell: (patient) => [
          h("a", { href: address(["patients", patient.id]), class: "row-link", dir: "auto" }, patient.name),
          h("span", { class: "only-narrow muted small" }, `${patient.age} years · ${formatDay(patient.created_at)}`)] },
        { name: "age", label: "Age", sort: "age", secondary: true, cell: (patient) => [String(patient.age)] },
        { name: "notes", label: "Notes", secondary: true, cell: (patient) => [h("span", { dir: "auto", class: "excerpt" }, excerpt(patient.notes, 90))] },
        { name: "added", label: "Added", sort: "created_at", secondary: true, cell: (patient) => [formatDay(patient.created_at)] },
      ],
      actions: (patient) => rowActions(patient, (item) => void openPatientForm(item), (item) => void deletePatients([item])),
    }),
  };
}
