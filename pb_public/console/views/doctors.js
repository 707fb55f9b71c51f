// The list of doctors. Those of other users are read-only.

import { doctors } from "../api.js";
import { deleteDoctor, openDoctorForm } from "../doctor-actions.js";
import { h } from "../dom.js";
import { formatDay } from "../format.js";
import { listView, rowActions } from "../list-view.js";

/** @param {import("../main.js").Context} context */
export function doctorsView({ route, signal, user }) {
  return {
    title: "Doctors",
    element: listView({
      collection: "doctors", title: "Doctors", one: "doctor", picture: "doctors", order: "-created_at", route, signal,
      hint: "Add the first one, to assign to patients.",
      load: doctors.list,
      add: () => void openDoctorForm(),
      columns: [
        { name: "name", label: "Name", sort: "name", cell: (doctor) => [
          h("span", { dir: "auto", class: "row-name" }, doctor.name),
          h("span", { class: "only-narrow muted small", dir: "auto" }, doctor.speciality || "No speciality")] },
        { name: "speciality", label: "Speciality", sort: "speciality", secondary: true, cell: (doctor) => [h("span", { dir: "auto" }, doctor.speciality)] },
        { name: "added", label: "Added", sort: "created_at", secondary: true, cell: (doctor) => [formatDay(doctor.created_at)] },
      ],
      actions: (doctor) => String(doctor.created_by) === user.id ? rowActions(doctor, (item) => void openDoctorForm(item), (item) => void deleteDoctor(item)) : [h("span", { class: "badge" }, "Read only")],
    }),
  };
}
