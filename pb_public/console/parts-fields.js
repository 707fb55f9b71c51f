// Fields of forms that consist of two inputs: points, and days with or without a time.

import { h, newId } from "./dom.js";

/** @typedef {import("./field.js").Parts} Parts */

/** @param {string | import("./dom.js").Child[]} caption @param {HTMLInputElement} input */
const part = (caption, input) => h("div", { class: "part" }, h("label", { for: input.id }, caption), input);

/** A point on the map; its text is a JSON list of latitude and longitude. @type {import("./field.js").Maker} */
export function point({ name, required }, caption, described) {
  const inputs = ["latitude", "longitude"].map((of) => h("input", {
    id: newId(), name: `${name}-${of}`, class: "input", type: "text", autocomplete: "off", dir: "ltr", "aria-required": required ? "true" : null,
  }));
  const captions = ["Latitude", "Longitude"];
  return {
    element: h("fieldset", { class: "field choices", ...described }, h("legend", {}, caption),
      h("div", { class: "parts" }, inputs.map((input, index) => part(captions[index] ?? "", input)))),
    inputs,
    nameOf: (key) => key === "lat" ? "Latitude" : "Longitude",
    read() {
      const degrees = inputs.map(({ value }) => value.trim());
      return degrees.some(Boolean) ? JSON.stringify(degrees) : "";
    },
    write(text) {
      const degrees = JSON.parse(text || "[]");
      inputs.forEach((input, index) => { input.value = degrees[index] ?? ""; });
    },
  };
}

/** A day, whose text is that of its date, or a day and a time, whose text is of the moment. @type {import("./field.js").Maker} */
export function moment({ name, label, required }, caption, described) {
  const shared = { class: "input", autocomplete: "off", ...described };
  const day = h("input", { ...shared, id: newId(), name, type: "date", max: "9999-12-31", "aria-required": required ? "true" : null });
  const time = h("input", { ...shared, id: newId(), name: `${name}-time`, type: "time" });
  /** The text that was written, and what the inputs show of it. */
  let written = "", shown = "";
  const state = () => `${day.value} ${time.value}`;
  return {
    element: h("div", { class: "field" }, h("div", { class: "parts" }, part(caption, day),
      part(["Time", h("span", { class: "visually-hidden" }, ` of ${label.toLowerCase()}`), h("span", { class: "muted" }, " (optional)")], time))),
    inputs: [day, time],
    read() {
      const isHalf = day.validity.badInput || time.validity.badInput;
      if (isHalf) return "?"; // which the server refuses
      if (state() === shown) return written;
      const at = new Date(`${day.value}T${time.value}`);
      return time.value === "" ? day.value : Number.isNaN(at.getTime()) ? time.value : at.toISOString();
    },
    write(text) {
      const at = new Date(text), isMoment = text.length > 10 && !Number.isNaN(at.getTime());
      // What Date shows in ISO 8601 is UTC.
      const local = isMoment ? new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString() : "";
      day.value = isMoment ? local.slice(0, 10) : text;
      time.value = isMoment ? local.slice(11, -1).replace(/(:00)?\.000$/, "") : "";
      written = text;
      shown = state();
    },
  };
}
