// Forms that show the server's messages at the fields concerned.

import { Refused, SessionEnded } from "../session.js";
import { explain } from "./api.js";
import { fill, h, newId } from "./dom.js";

/**
 * @typedef {{ name: string, label: string, type?: string, value?: string, required?: boolean, help?: string, lines?: number, autocomplete?: string, inputmode?: string }} Field
 * @typedef {Record<string, string>} Values
 */

/**
 * @param {{ fields: Field[], submit: string, save: (values: Values, changed: Values) => Promise<void>, extra?: Node[], cancel?: () => void }} options
 */
export function form({ fields, submit, save, extra = [], cancel }) {
  const problem = h("div", { role: "alert" });
  const controls = new Map(fields.map((field) => [field.name, control(field)]));
  const button = h("button", { type: "submit", class: "button primary" }, submit);
  const element = h("form", { class: "form", novalidate: true, submit: onSubmit },
    problem,
    [...controls.values()].map(({ element }) => element),
    extra,
    h("div", { class: "dialog-actions" }, cancel && h("button", { type: "button", class: "button", click: cancel }, "Cancel"), button));

  /** @returns {Values} */
  const values = () => Object.fromEntries([...controls].map(([name, { input }]) => [name, input.value]));
  const changed = () => Object.fromEntries([...controls].filter(([, { input, initial }]) => input.value !== initial()).map(([name, { input }]) => [name, input.value]));

  /** @param {Event} event */
  async function onSubmit(event) {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    show({});
    try {
      await save(values(), changed());
    } catch (error) {
      if (!(error instanceof SessionEnded)) reportError(error);
    } finally {
      button.disabled = false;
    }
  }

  /** @param {unknown} error */
  function reportError(error) {
    const body = error instanceof Refused && error.status === 400 ? error.body : null;
    const ofFields = body && typeof body === "object" && !body.detail ? body : null;
    if (!ofFields) return show({}, explain(error));
    const known = Object.fromEntries(Object.entries(ofFields).filter(([name]) => controls.has(name)));
    const others = Object.entries(ofFields).filter(([name]) => !controls.has(name)).flatMap(([, messages]) => messages);
    show(known, others.join(" "));
  }

  /** @param {Record<string, string[]>} messages @param {string} [general] */
  function show(messages, general = "") {
    fill(problem, general && h("p", { class: "notice bad" }, general));
    for (const [name, { tell }] of controls) tell([messages[name] ?? []].flat().join(" "));
    const first = [...controls].find(([name]) => messages[name]);
    (first?.[1].input ?? (general ? [...controls.values()][0]?.input : null))?.focus();
  }

  return {
    element,
    isChanged: () => Object.keys(changed()).length > 0,
    /** Sets the values of the fields. @param {Values} values */
    reset(values) {
      for (const [name, control] of controls) control.set(values[name] ?? "");
    },
  };
}

/** A labelled field. @param {Field} field */
function control({ name, label, type = "text", value = "", required, help, lines, autocomplete, inputmode }) {
  const id = newId(), helpId = newId(), errorId = newId();
  const described = [help && helpId, errorId].filter(Boolean).join(" ");
  const shared = { id, name, class: "input", dir: "auto", autocomplete: autocomplete ?? "off", "aria-required": required ? "true" : null, "aria-describedby": described };
  const input = lines ? h("textarea", { ...shared, rows: lines }) : h("input", { ...shared, type, inputmode, dir: type === "email" || type === "password" ? "ltr" : "auto" });
  const error = h("p", { id: errorId, class: "error", hidden: true });
  const element = h("div", { class: "field" },
    h("label", { for: id }, label, required && h("span", { class: "required-mark", "aria-hidden": "true" }, " *")),
    input,
    help && h("p", { id: helpId, class: "help" }, help),
    error);
  input.value = value;
  // Read it back: the browser normalizes line breaks to "\n".
  let initial = input.value;
  return {
    element,
    input,
    initial: () => initial,
    /** @param {string} value */
    set(value) {
      input.value = value;
      initial = input.value;
    },
    /** @param {string} message */
    tell(message) {
      error.textContent = message;
      error.hidden = !message;
      if (message) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}
