// Dialogs, built on the dialog element.

import { h, newId } from "./dom.js";
import { icon } from "./icons.js";

/** What closes the open dialogs, without asking. @type {Set<() => void>} */
const open = new Set();

/** Closes all dialogs, without asking: what was typed is kept as a draft. */
export function closeDialogs() {
  open.forEach((close) => close());
}

/**
 * Opens a dialog and returns a function that closes it. mayClose can prevent
 * closing.
 * @param {{ title: string, content: Node[], mayClose?: () => Promise<boolean>, onClose?: () => void, alert?: boolean }} options
 */
export function openDialog({ title, content, mayClose = async () => true, onClose, alert = false }) {
  const id = newId();
  const ask = async () => { if (await mayClose()) close(); };
  const element = h("dialog", { class: "dialog", "aria-labelledby": id, role: alert ? "alertdialog" : null, cancel: (event) => { event.preventDefault(); void ask(); } },
    h("div", { class: "dialog-head" },
      h("h2", { id, tabindex: -1 }, title),
      h("button", { type: "button", class: "button quiet icon", "aria-label": "Close", click: ask }, icon("close"))),
    ...content);
  const opener = document.activeElement;
  const close = () => {
    if (!open.delete(close)) return;
    element.close();
    element.remove();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    onClose?.();
  };
  document.body.append(element);
  element.showModal();
  open.add(close);
  return { element, close };
}

/**
 * Asks for confirmation and returns whether the user agreed.
 * @param {{ title: string, text: string, yes: string, no?: string, danger?: boolean }} options
 * @returns {Promise<boolean>}
 */
export function confirm({ title, text, yes, no = "Cancel", danger = true }) {
  return new Promise((resolve) => {
    let answer = false;
    const refuse = h("button", { type: "button", class: "button", click: () => dialog.close() }, no);
    const dialog = openDialog({
      title,
      alert: true,
      content: [
        h("p", { class: "dialog-text", dir: "auto" }, text),
        h("div", { class: "dialog-actions" }, refuse,
          h("button", { type: "button", class: danger ? "button danger" : "button primary", click: () => { answer = true; dialog.close(); } }, yes)),
      ],
      onClose: () => resolve(answer),
    });
    refuse.focus();
  });
}
