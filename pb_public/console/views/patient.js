// A patient's page: details, care team, history.

import { patients } from "../api.js";
import { isDeleted } from "../deletions.js";
import { fill, h } from "../dom.js";
import { formatDay } from "../format.js";
import { icon } from "../icons.js";
import { deletePatients, formatAge, openPatientForm } from "../patient-actions.js";
import { isMissing } from "../request.js";
import { address, go } from "../router.js";
import { emptiness, failure, skeleton } from "../states.js";
import { live } from "../store.js";
import { careTeam } from "./care-team.js";
import { historyOf } from "./history.js";

/** The length in characters from which notes are shown collapsed. */
const LONG = 1200;

/** @param {import("../main.js").Context} context */
export function patientView({ route, signal, retitle }) {
  const id = route.path[1] ?? "";
  const heading = h("h1", { tabindex: -1, dir: "auto" }, "Patient");
  const facts = h("p", { class: "muted" });
  const buttons = h("div", { class: "buttons", hidden: true });
  const notes = h("div", {});
  const rest = h("div", { class: "columns", hidden: true });
  const place = h("div", {});
  const element = h("div", { class: "view" },
    h("header", { class: "view-head" },
      h("div", { class: "view-title" },
        h("a", { class: "back-link", href: address(["patients"]) }, icon("back"), "Patients"),
        heading, facts),
      buttons),
    place,
    rest);
  let unfolded = false;
  let begun = false;

  /** @param {import("../store.js").Answer<import("../api.js").Patient>} answer */
  function show({ data, error }) {
    element.setAttribute("aria-busy", String(data === undefined && error === undefined));
    const gone = isDeleted("patients", id) || (error !== undefined && isMissing(error));
    rest.hidden = buttons.hidden = facts.hidden = gone || data === undefined;
    if (gone) {
      heading.textContent = "Patient not found";
      return fill(place, h("div", { class: "panel" }, emptiness({
        picture: "patients", title: "This patient does not exist", text: "They were deleted, or belong to another user.",
        action: h("a", { class: "button", href: address(["patients"]) }, "All patients") })));
    }
    if (data === undefined) return fill(place, h("div", { class: "panel" }, error ? failure(error, () => void reload()) : skeleton(6)));
    heading.textContent = data.name;
    retitle(data.name);
    facts.textContent = `${formatAge(data.age)} · added ${formatDay(data.created_at)}`;
    showButtons(data);
    showNotes(data.notes);
    fill(place);
    if (!begun) {
      begun = true;
      rest.append(
        h("section", { class: "panel section", "aria-labelledby": "notes-title" }, h("h2", { id: "notes-title" }, "Notes"), notes),
        careTeam(id, signal),
        historyOf(id, signal));
    }
  }

  /** The patient of the buttons, which are created once so that they keep the focus. @type {import("../api.js").Patient} */
  let shown;
  /** @param {import("../api.js").Patient} patient */
  function showButtons(patient) {
    shown = patient;
    if (buttons.firstChild) return;
    buttons.append(
      h("button", { type: "button", class: "button", click: () => void openPatientForm(shown) }, icon("edit"), "Edit"),
      h("button", { type: "button", class: "button", click: async () => { if (await deletePatients([shown])) go(address(["patients"])); } }, icon("remove"), "Delete"));
  }

  /** @param {string} text */
  function showNotes(text) {
    if (!text) return fill(notes, h("p", { class: "muted" }, "No notes."));
    const folded = text.length > LONG && !unfolded;
    fill(notes,
      h("p", { class: "notes", dir: "auto" }, folded ? `${text.slice(0, LONG)}…` : text),
      text.length > LONG && h("button", { type: "button", class: "button quiet", "aria-expanded": String(!folded), click: () => {
        unfolded = !unfolded;
        showNotes(text);
        notes.querySelector("button")?.focus();
      } }, folded ? "Show all" : "Show less"));
  }

  const { reload } = live({
    load: (own) => patients.get(id, own),
    collections: ["patients"],
    concerns: ({ record }) => String(record.id) === id,
    show,
    signal,
  });
  return { title: "Patient", element };
}
