// Forms that show the server's messages at the fields concerned.

import { Refused, SessionEnded } from "../session.js";
import { explain } from "./request.js";
import { fill, h } from "./dom.js";
import { control } from "./field.js";

/**
 * @typedef {import("./field.js").Field} Field
 * @typedef {import("./field.js").Values} Values
 */

/** Thrown by save when it has said itself why nothing was saved. */
export class NotSaved extends Error {}

/**
 * @param {{ fields: Field[], submit: string, save: (values: Values, changed: Values) => Promise<void>, extra?: Node[], cancel?: () => void, onInput?: () => void }} options
 */
export function form({ fields, submit, save, extra = [], cancel, onInput }) {
  const problem = h("div", { role: "alert" });
  const controls = new Map(fields.map((field) => [field.name, control(field)]));
  const button = h("button", { type: "submit", class: "button primary" }, submit);
  const element = h("form", { class: "form", novalidate: true, submit: onSubmit, input: () => onInput?.() },
    problem,
    [...controls.values()].map(({ element }) => element),
    extra,
    h("div", { class: "dialog-actions" }, cancel && h("button", { type: "button", class: "button", click: cancel }, "Cancel"), button));

  /** @returns {Values} */
  const values = () => Object.fromEntries([...controls].map(([name, { read }]) => [name, read()]));
  const changed = () => Object.fromEntries([...controls].filter(([, { read, initial }]) => read() !== initial()).map(([name, { read }]) => [name, read()]));

  /** @param {Event} event */
  async function onSubmit(event) {
    event.preventDefault();
    if (button.disabled) return;
    lock(true);
    show({});
    try {
      await save(values(), changed());
      lock(false);
    } catch (error) {
      lock(false);
      if (!(error instanceof SessionEnded || error instanceof NotSaved)) reportError(error);
    }
  }

  /** What is typed while it is saved would be neither saved nor kept. @param {boolean} isLocked */
  function lock(isLocked) {
    button.disabled = isLocked;
    element.setAttribute("aria-busy", String(isLocked));
    for (const control of controls.values()) control.lock(isLocked);
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

  /** @param {Record<string, string[] | Record<string, string[]>>} messages @param {string} [general] */
  function show(messages, general = "") {
    fill(problem, general && h("p", { class: "notice bad" }, general));
    for (const [name, { tell }] of controls) tell(messages[name] ?? []);
    const first = [...controls].find(([name]) => messages[name]);
    (first?.[1].input ?? (general ? [...controls.values()][0]?.input : null))?.focus();
  }

  return {
    element,
    values,
    changed,
    /** The files that are chosen, by field. */
    files: () => Object.fromEntries([...controls].map(([name, { files }]) => [name, files()])),
    /** Whether the values are being saved. */
    isBusy: () => button.disabled,
    isChanged: () => Object.keys(changed()).length > 0,
    focus: () => [...controls.values()][0]?.input.focus(),
    /** Sets the values from which changes are counted. A field without a change takes its new value. @param {Values} values */
    rebase(values) {
      for (const [name, control] of controls) control.rebase(values[name] ?? "");
    },
    /** Empties the fields. */
    reset() {
      for (const control of controls.values()) control.write("");
    },
    /** Sets values as if they had been typed. @param {Values} values */
    write(values) {
      for (const [name, value] of Object.entries(values)) controls.get(name)?.write(value);
      onInput?.();
    },
  };
}
