// What can be done with a patient, wherever one is shown.

import { patients } from "./api.js";
import { addedFields, encodeAdded, inputsOf } from "./declared.js";
import { schedule } from "./deletions.js";
import { confirm } from "./dialog.js";
import { formatCount } from "./format.js";
import { openRecordForm } from "./record-form.js";
import { address, go } from "./router.js";

/** @typedef {import("./api.js").Patient} Patient */

/** @type {import("./field.js").Field[]} */
const fields = [
  { name: "name", label: "Name", required: true },
  { name: "age", label: "Age", required: true, inputmode: "numeric", help: "In completed years; 0 for a newborn." },
  { name: "notes", label: "Notes", lines: 6 },
];

/** Opens the form of a patient, or of a new one. @param {Patient} [item] */
export async function openPatientForm(item) {
  const added = await addedFields(patients.path).catch(() => []);
  openRecordForm({
    collection: "patients", one: "patient", fields: [...fields, ...inputsOf(added)], ...(item && { item }), resource: patients,
    encode: (values) => encodeAdded(added, values),
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

/** Says how old a patient is. @param {number} age */
export const formatAge = (age) => age === 0 ? "Under 1 year" : formatCount(age, "year");
