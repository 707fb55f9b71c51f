// Where one begins: figures that lead to lists, and what was added last.

import { overview, patients } from "../api.js";
import { barChart, columnChart } from "../charts.js";
import { isDeleted } from "../deletions.js";
import { openDoctorForm } from "../doctor-actions.js";
import { fill, h } from "../dom.js";
import { formatMoment, formatNumber, formatSince, formatWeek } from "../format.js";
import { icon } from "../icons.js";
import { openPatientForm } from "../patient-actions.js";
import { address } from "../router.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** @typedef {import("../api.js").Figure} Figure */
/** @typedef {{ figures: Figure[], latest: import("../api.js").Patient[], without: number }} Data */

/** How many patients are shown as the latest. */
const LATEST = 5;

/** @param {import("../main.js").Context} context */
export function overviewView({ signal, user }) {
  const place = h("div", { class: "overview" });
  const element = h("div", { class: "view" },
    h("header", { class: "view-head" }, h("div", {}, h("h1", { tabindex: -1 }, "Overview"), h("p", { class: "muted" }, "Signed in as ", h("bdi", {}, user.name), "."))),
    place);
  let before = "";

  const { reload } = live({
    load,
    collections: ["patients", "doctors", "mappings"],
    signal,
    /** @param {import("../store.js").Answer<Data>} answer */
    show({ data, error }) {
      element.setAttribute("aria-busy", String(data === undefined && error === undefined));
      if (data === undefined) return fill(place, h("div", { class: "panel" }, error ? failure(error, () => void reload()) : skeleton(8)));
      const latest = data.latest.filter(({ id }) => !isDeleted("patients", id));
      const now = JSON.stringify([data.figures, latest, data.without]);
      if (now === before) return;
      before = now;
      if (total(data.figures, "patients") === 0) fill(place, firstSteps(total(data.figures, "doctors")));
      else fill(place, tiles(data.figures, data.without), h("div", { class: "charts" }, lately(latest), ...charts(data.figures)));
    },
  });
  return { title: "Overview", element };
}

/** @param {AbortSignal} signal @returns {Promise<Data>} */
async function load(signal) {
  const [figures, latest, without] = await Promise.all([
    overview(signal),
    patients.list({ ordering: "-created_at", page: 1, page_size: LATEST }, signal),
    patients.list({ doctor__isnull: "true", page: 1, page_size: 1 }, signal),
  ]);
  return { figures, latest: latest.results, without: without.count };
}

/** @param {Figure[]} figures @param {string} chart */
const of = (figures, chart) => figures.filter((figure) => figure.chart === chart);

/** @param {Figure[]} figures @param {string} chart */
const total = (figures, chart) => of(figures, chart).reduce((sum, { count }) => sum + count, 0);

/** What somebody does who has no patients yet. @param {number} doctors */
function firstSteps(doctors) {
  const step = (/** @type {string} */ title, /** @type {string} */ text, /** @type {Node} */ action) => h("li", { class: "step" }, h("div", {}, h("h3", {}, title), h("p", { class: "muted" }, text)), action);
  return h("section", { class: "panel section", "aria-labelledby": "steps-title" },
    h("h2", { id: "steps-title" }, "First steps"),
    h("ol", { class: "steps" },
      step("Add a patient", "A name and an age are enough. Only you will see your patients.",
        h("button", { type: "button", class: "button primary", "data-shortcut": "n", click: () => void openPatientForm() }, icon("add"), "Add patient")),
      step(doctors > 0 ? `Look through the ${formatNumber(doctors)} doctors, or add one` : "Add a doctor", "Doctors are assigned to patients.",
        doctors > 0 ? h("a", { class: "button", href: address(["doctors"]) }, "Doctors") : h("button", { type: "button", class: "button", click: () => void openDoctorForm() }, icon("add"), "Add doctor")),
      step("Assign the doctor", "On the patient’s page, or for several patients at once in the list.", h("a", { class: "button", href: address(["patients"]) }, "Patients"))));
}

/** @param {Figure[]} figures @param {number} without */
function tiles(figures, without) {
  const week = of(figures, "patients_by_week").at(-1);
  /** @type {[string, number, string | null][]} */
  const shown = [
    ["Patients", total(figures, "patients"), address(["patients"])],
    ["Without a doctor", without, address(["patients"], { without: 1 })],
    ["Added this week", week?.count ?? 0, address(["patients"], { week: week?.label })],
    ["Doctors", total(figures, "doctors"), address(["doctors"])],
  ];
  return h("dl", { class: "tiles" }, shown.map(([label, value, href]) => h("div", { class: "panel tile" },
    h("dt", {}, href ? h("a", { href }, label) : label), h("dd", {}, formatNumber(value)))));
}

/** @param {import("../api.js").Patient[]} latest */
function lately(latest) {
  return h("section", { class: "panel section", "aria-labelledby": "latest-title" },
    h("h2", { id: "latest-title" }, "Added last"),
    h("ul", { class: "people" }, latest.map((patient) => h("li", {},
      h("a", { class: "row-link", href: address(["patients", patient.id]), dir: "auto" }, patient.name),
      h("time", { class: "muted small", datetime: patient.created_at, title: formatMoment(patient.created_at) }, formatSince(patient.created_at))))));
}

/** @param {Figure[]} figures */
function charts(figures) {
  const ages = of(figures, "patients_by_age").map(({ label, count }) => ({ label: label.replace("-", "–"), value: count, href: address(["patients"], { age: label }) }));
  const weeks = of(figures, "patients_by_week").map(({ label, count }) => ({
    label: `Week of ${formatWeek(label)}`, short: formatWeek(label), value: count, href: address(["patients"], { week: label }) }));
  const specialities = of(figures, "doctors_by_speciality").map(({ label, count }) => ({
    label: label || "Not stated", value: count, ...(label && { href: address(["doctors"], { speciality: label }) }) }));
  const others = total(figures, "doctors") - total(figures, "doctors_by_speciality");
  return [
    barChart("Patients by age", ages),
    barChart("Doctors by speciality", specialities, specialities.length === 0 ? "There are no doctors yet." : others > 0 && `${formatNumber(others)} doctors have other specialities.`),
    columnChart("Patients added per week", weeks),
  ];
}
