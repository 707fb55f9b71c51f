// The list of doctors. Those of other users are read-only.

import { doctors } from "../api.js";
import { confirm } from "../dialog.js";
import { schedule } from "../deletions.js";
import { h } from "../dom.js";
import { formatDay } from "../format.js";
import { listView, rowActions } from "../list-view.js";
import { openRecordForm } from "../record-form.js";

/** @typedef {import("../api.js").Doctor} Doctor */

/** @type {import("../form.js").Field[]} */
const fields = [
  { name: "name", label: "Name", required: true },
  { name: "speciality", label: "Speciality", help: "For example, Cardiology. Optional." },
];

/** @param {import("../main.js").Context} context */
export function doctorsView({ route, signal, user }) {
  return {
    title: "Doctors",
    element: listView({
      collection: "doctors", title: "Doctors", one: "doctor", picture: "doctors", order: "-created_at", route, signal,
      hint: "Add the first one, to assign to patients.",
      load: doctors.list,
      add: addDoctor,
      columns: [
        { name: "name", label: "Name", sort: "name", cell: (doctor) => [
          h("span", { dir: "auto", class: "row-name" }, doctor.name),
          h("span", { class: "only-narrow muted small", dir: "auto" }, doctor.speciality || "No speciality")] },
        { name: "speciality", label: "Speciality", sort: "speciality", secondary: true, cell: (doctor) => [h("span", { dir: "auto" }, doctor.speciality)] },
        { name: "added", label: "Added", sort: "created_at", secondary: true, cell: (doctor) => [formatDay(doctor.created_at)] },
      ],
      actions: (doctor) => String(doctor.created_by) === user.id ? rowActions(doctor, editDoctor, deleteDoctor) : [h("span", { class: "badge" }, "Read only")],
    }),
  };
}

function addDoctor() {
  openRecordForm({ collection: "doctors", title: "Add a doctor", fields, save: (values) => doctors.create(values), done: () => {} });
}

/** @param {Doctor} doctor */
function editDoctor(doctor) {
  openRecordForm({
    collection: "doctors", title: "Edit doctor", fields, item: doctor,
    save: (values) => doctors.update(doctor.id, values),
    done: () => {},
  });
}

/** @param {Doctor} doctor */
async function deleteDoctor(doctor) {
  const sure = await confirm({
    title: "Delete this doctor?",
    text: `${doctor.name} will be deleted and removed from every care team.`,
    yes: "Delete doctor",
  });
  if (sure) schedule({ collection: "doctors", id: doctor.id, path: `${doctors.path}${doctor.id}/`, message: `${doctor.name} deleted.` });
}
