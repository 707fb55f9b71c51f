// Where one begins: figures that lead to lists, and what was changed last.

import { lastChanges, overview, patients } from "../api.js";
import { barChart, columnChart } from "../charts.js";
import { areDeleting, isDeleted } from "../deletions.js";
import { openDoctorForm } from "../doctor-actions.js";
import { fill, h } from "../dom.js";
import { formatCount, formatMoment, formatNumber, formatSince, formatToday, formatWeek } from "../format.js";
import { icon } from "../icons.js";
import { openPatientForm } from "../patient-actions.js";
import { address } from "../router.js";
import { failure, skeleton } from "../states.js";
import { live } from "../store.js";

/** @typedef {import("../api.js").Figure} Figure */
/** @typedef {{ figures: Figure[], latest: import("../api.js").Change[], without: number }} Data */

/** How many of the last changes are shown. */
const LATEST = 6;

/** @param {import("../main.js").Context} context */
export function overviewView({ signal }) {
  const place = h("div", { class: "overview" });
  const pending = h("p", { class: "muted", role: "status" });
  const element = h("div", { class: "view" },
    h("header", { class: "view-head" }, h("div", {}, h("h1", { tabindex: -1 }, "Overview"), h("p", { class: "muted" }, formatToday()), pending)),
    place);
  let before = "";

  const { reload } = live({
    load,
    collections: ["patients", "doctors", "mappings"],
    signal,
    /** @param {import("../store.js").Answer<Data>} answer */
    show({ data, error }) {
      const waits = areDeleting(["patients", "doctors", "mappings"]) ? "What you have just deleted still counts, as long as you can undo it." : "";
      if (pending.textContent !== waits) pending.textContent = waits;
      element.setAttribute("aria-busy", String(data === undefined && error === undefined));
      if (data === undefined) return fill(place, h("div", { class: "panel" }, error ? failure(error, () => void reload()) : skeleton(8)));
      const latest = data.latest.filter(({ patient }) => !isDeleted("patients", patient)).slice(0, LATEST);
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
    lastChanges(signal),
    patients.list({ doctor__isnull: "true", page: 1, page_size: 1 }, signal),
  ]);
  return { figures, latest, without: without.count };
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

/** @param {import("../api.js").Change[]} latest */
function lately(latest) {
  return h("section", { class: "panel section", "aria-labelledby": "latest-title" },
    h("h2", { id: "latest-title" }, "Changed lately"),
    h("ul", { class: "people" }, latest.map(({ patient, name, action, changed_at: at }) => h("li", {},
      h("a", { class: "row-link", href: address(["patients", patient]), dir: "auto" }, name),
      h("time", { class: "muted small aside", datetime: at, title: formatMoment(at) }, `${action === "C" ? "added" : "changed"} ${formatSince(at)}`)))));
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
    columnChart("Patients added per week", weeks),
    barChart("Patients by age", ages),
    barChart("Doctors by speciality", specialities, specialities.length === 0 ? "There are no doctors yet." : others > 0 && `${formatCount(others, "doctor has another speciality", "doctors have other specialities")}.`),
  ];
}
