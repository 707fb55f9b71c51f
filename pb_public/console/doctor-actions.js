// What can be done with a doctor, wherever one is shown.

import { encodeAdded } from "./added-values.js";
import { doctors } from "./api.js";
import { inputsOf } from "./declared.js";
import { schedule } from "./deletions.js";
import { confirm } from "./dialog.js";
import { formatCount } from "./format.js";
import { addedToForm, openRecordForm } from "./record-form.js";

/** @typedef {import("./api.js").Doctor} Doctor */

/** @type {import("./field.js").Field[]} */
const fields = [
  { name: "name", label: "Name", required: true },
  { name: "speciality", label: "Speciality", help: "For example, Cardiology. Optional." },
];

/** Opens the form of a doctor, or of a new one. @param {Doctor} [item] */
export async function openDoctorForm(item) {
  const added = await addedToForm("doctors", doctors.path, item);
  if (added) openRecordForm({
    collection: "doctors", one: "doctor", fields: [...fields, ...inputsOf(added)], ...(item && { item }), resource: doctors,
    encode: (values, files, isNew) => encodeAdded(added, values, files, isNew),
    done: () => {},
  });
}

/** Deletes after confirmation and returns whether that was given. @param {Doctor[]} chosen */
export async function deleteDoctors(chosen) {
  const [first] = chosen;
  if (!first) return false;
  const several = chosen.length > 1, count = formatCount(chosen.length, "doctor");
  const sure = await confirm({
    title: several ? `Delete ${count}?` : "Delete this doctor?",
    text: `${several ? "They" : first.name} will be deleted and removed from every care team.`,
    yes: several ? `Delete ${count}` : "Delete doctor",
  });
  if (!sure) return false;
  schedule({
    message: `${several ? count : first.name} deleted.`,
    records: chosen.map(({ id }) => ({ collection: "doctors", id, path: `${doctors.path}${id}/` })),
  });
  return true;
}
