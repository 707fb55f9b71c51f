// Keys: each presses or focuses what has it as data-shortcut. They can be switched off,
// because who speaks to the browser types them without meaning to.

import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { address, go } from "./router.js";

/** What the keys do, for the list of them. */
const keys = [
  ["/", "Search the list"],
  ["n", "Add a patient or a doctor"],
  ["e", "Edit what is shown"],
  ["f", "Filter the list"],
  ["1", "Overview"], ["2", "Patients"], ["3", "Doctors"], ["4", "Account"],
  ["?", "Show these keys"],
];

/** @type {Record<string, string>} */
const places = { 1: "overview", 2: "patients", 3: "doctors", 4: "account" };

/** Where this browser keeps that they are off. */
const OFF = "carebase-keys-off";

export const keysAreOn = () => localStorage.getItem(OFF) === null;

/** @param {boolean} on */
export function switchKeys(on) {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

export function bindShortcuts() {
  addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    const typing = target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (!keysAreOn() || event.ctrlKey || event.metaKey || event.altKey || typing || document.querySelector("dialog[open]") || !document.querySelector(".shell")) return;
    if (press(event.key)) event.preventDefault();
  });
}

/** Returns whether the key did something. @param {string} key */
function press(key) {
  const place = places[key];
  if (key === "?") openList();
  else if (place) go(address([place]));
  else {
    const found = document.querySelector(/** @type {"button"} */ (`[data-shortcut="${CSS.escape(key)}"]`));
    if (!found) return false;
    if (found.matches("input")) found.focus();
    else found.click();
  }
  return true;
}

function openList() {
  openDialog({
    title: "Keys",
    content: [h("p", { class: "muted" }, "They can be switched off in your account."), h("dl", { class: "keys" }, keys.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text))))],
  });
}
