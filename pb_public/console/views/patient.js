// A patient's page: notes, care team, history.

import { patients } from "../api.js";
import { fill, h } from "../dom.js";
import { formatDay, formatMoment } from "../format.js";
import { icon } from "../icons.js";
import { deletePatients, exportOne, formatAge, openPatientForm } from "../patient-actions.js";
import { facts, recordView } from "../record-view.js";
import { address, go } from "../router.js";
import { careTeam } from "./care-team.js";
import { historyOf } from "./history.js";

/** The length in characters from which notes are shown collapsed. */
const LONG = 1200;

/** @param {import("../main.js").Context} context */
export function patientView({ route, signal, retitle, user }) {
  const id = route.path[1] ?? "";
  const notes = h("div", {});
  const details = facts(patients.path);
  const printed = h("p", { class: "only-print muted small wide" });
  let unfolded = false;
  addEventListener("beforeprint", () => { printed.textContent = `Printed ${formatMoment(new Date().toISOString())} by ${user.name}.`; }, { signal });

  /** @param {string} text */
  function showNotes(text) {
    if (!text) return fill(notes, h("p", { class: "muted" }, "No notes."));
    const folded = text.length > LONG && !unfolded;
    // Paper has all of it.
    fill(notes,
      h("p", { class: folded ? "notes no-print" : "notes", dir: "auto" }, folded ? `${text.slice(0, LONG)}…` : text),
      folded && h("p", { class: "notes only-print", dir: "auto" }, text),
      text.length > LONG && h("button", { type: "button", class: "button quiet", "aria-expanded": String(!folded), click: () => {
        unfolded = !unfolded;
        showNotes(text);
        notes.querySelector("button")?.focus();
      } }, folded ? "Show all" : "Show less"));
  }

  return recordView({
    id, signal, retitle, collection: "patients", one: "patient", picture: "patients", resource: patients,
    missing: "They were deleted, or belong to another user.",
    summary: (patient) => [`${formatAge(patient.age)} · added ${formatDay(patient.created_at)}`],
    buttons: (shown) => [
      h("button", { type: "button", class: "button", "data-shortcut": "e", click: () => void openPatientForm(shown()) }, icon("edit"), "Edit"),
      h("button", { type: "button", class: "button only-wide", click: () => print() }, icon("print"), "Print"),
      h("button", { type: "button", class: "button", click: () => void exportOne(shown()) }, icon("download"), "Export"),
      h("button", { type: "button", class: "button", click: async () => { if (await deletePatients([shown()])) go(address(["patients"])); } }, icon("remove"), "Delete"),
    ],
    sections: () => [
      h("section", { class: "panel section", "aria-labelledby": "notes-title" }, h("h2", { id: "notes-title" }, "Notes"), notes),
      h("div", { class: "beside" }, careTeam(id, signal), details.element),
      historyOf(id, signal, user.id),
      printed,
    ],
    update(patient) {
      showNotes(patient.notes);
      void details.update(patient);
    },
  });
}
