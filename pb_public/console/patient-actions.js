// What can be done with a patient, wherever one is shown.

import { encodeAdded } from "./added-values.js";
import { assign, doctors, exportList, exportPatient, patients } from "./api.js";
import { combobox } from "./combobox.js";
import { addedFields, inputsOf, readable } from "./declared.js";
import { schedule } from "./deletions.js";
import { confirm, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { formatCount } from "./format.js";
import { csvOf, saveFile } from "./csv.js";
import { explain, isInvalid } from "./request.js";
import { addedToForm, openRecordForm } from "./record-form.js";
import { address, go } from "./router.js";
import { publish } from "./store.js";
import { toast } from "./toast.js";

/** @typedef {import("./api.js").Patient} Patient */

/** @type {import("./field.js").Field[]} */
const fields = [
  { name: "name", label: "Name", required: true },
  { name: "age", label: "Age", required: true, inputmode: "numeric", help: "In completed years; 0 for a newborn." },
  { name: "notes", label: "Notes", lines: 6 },
];

/** Opens the form of a patient, or of a new one. @param {Patient} [item] */
export async function openPatientForm(item) {
  const added = await addedToForm("patients", patients.path, item);
  if (added) openRecordForm({
    collection: "patients", one: "patient", fields: [...fields, ...inputsOf(added)], ...(item && { item }), resource: patients,
    encode: (values, files, isNew) => encodeAdded(added, values, files, isNew),
    done: (patient, isNew) => { if (isNew) go(address(["patients", patient.id])); },
  });
}

/** Deletes after confirmation and returns whether that was given. @param {Patient[]} chosen */
export async function deletePatients(chosen) {
  const [first] = chosen;
  if (!first) return false;
  const several = chosen.length > 1, count = formatCount(chosen.length, "patient");
  const sure = await confirm({
    title: several ? `Delete ${count}?` : "Delete this patient?",
    text: several ? "They, their notes and their care teams will be deleted." : `${first.name}, their notes and their care team will be deleted.`,
    yes: several ? `Delete ${count}` : "Delete patient",
  });
  if (!sure) return false;
  schedule({
    message: several ? `${count} deleted.` : `${first.name} deleted.`,
    records: chosen.map(({ id }) => ({ collection: "patients", id, path: `${patients.path}${id}/` })),
  });
  return true;
}

/** How many requests are sent at the same time. */
const AT_ONCE = 4;

/** Asks for a doctor and assigns them to all of the patients. @param {Patient[]} chosen @param {() => void} done */
export function assignDoctor(chosen, done) {
  const status = h("p", { class: "muted", role: "status" });
  const choice = combobox({
    label: "Doctor", placeholder: "Search by name or speciality",
    search: async (text, signal) => (await doctors.list({ search: text, ordering: "name", page_size: 8 }, signal)).results,
    option: (doctor) => [h("span", { dir: "auto" }, doctor.name), doctor.speciality && h("span", { class: "muted small", dir: "auto" }, doctor.speciality)],
    choose: async (doctor) => {
      status.textContent = "Assigning…";
      try {
        const added = await assignToAll(chosen, doctor);
        toast(`${doctor.name} assigned to ${formatCount(added, "patient")}${added < chosen.length ? `; ${chosen.length - added} had them already` : ""}.`);
        dialog.close();
        done();
      } catch (error) {
        status.textContent = `Not assigned to all. ${explain(error)}`;
      }
    },
  });
  const dialog = openDialog({ title: `Assign a doctor to ${formatCount(chosen.length, "patient")}`, content: [choice.element, status] });
  dialog.element.classList.add("roomy");
  choice.focus();
}

/** Returns how many did not have the doctor. @param {Patient[]} chosen @param {import("./api.js").Doctor} doctor */
async function assignToAll(chosen, doctor) {
  const queue = chosen.values();
  let added = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const patient of queue) {
      try {
        publish({ collection: "mappings", action: "create", record: await assign(patient.id, doctor.id) });
        added += 1;
      } catch (error) {
        if (!isInvalid(error, "non_field_errors")) throw error;
      }
    }
  }));
  return added;
}

/** Saves the patients as a file for spreadsheets. @param {Patient[]} chosen */
export async function exportPatients(chosen) {
  const added = await addedFields(patients.path).then(readable).catch(() => []);
  const names = ["id", "name", "age", "notes", ...added.map(({ name }) => name), "created_at"];
  saveFile("patients.csv", csvOf(names, chosen.map((/** @type {any} */ patient) => names.map((name) => patient[name]))));
}

/** Saves the patients of a list, on all of its pages. @param {import("./request.js").Query} query */
export async function exportAll(query) {
  try {
    saveFile("patients.csv", await exportList(patients.path, query));
  } catch (error) {
    toast(`Not exported. ${explain(error)}`, { bad: true });
  }
}

/** Saves everything about a patient. @param {Patient} patient */
export async function exportOne(patient) {
  try {
    saveFile(`patient-${patient.id}.json`, await exportPatient(patient.id));
  } catch (error) {
    toast(`Not exported. ${explain(error)}`, { bad: true });
  }
}

/** Says how old a patient is. @param {number} age */
export const formatAge = (age) => age === 0 ? "Under 1 year" : formatCount(age, "year");
