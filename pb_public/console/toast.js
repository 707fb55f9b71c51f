// Short messages at the edge of the page.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {{ action?: string, onAction?: () => void, onClose?: () => void, duration?: number, bad?: boolean }} ToastOptions */

const DURATION = 5000;

/** The live region for screen readers, which must exist before its messages. */
const region = h("div", { role: "status", class: "toast-list" });
document.getElementById("toasts")?.append(region);

/** Shows a message. Its timer pauses while it is hovered or has the focus. @param {string} message @param {ToastOptions} [options] */
export function toast(message, { action, onAction, onClose, duration = DURATION, bad = false } = {}) {
  let left = duration, since = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const element = h("div", { class: bad ? "toast bad" : "toast", pointerenter: hold, pointerleave: run, focusin: hold, focusout: run },
    h("p", { dir: "auto" }, message),
    action && h("button", { class: "button quiet", type: "button", click: () => { onAction?.(); close(); } }, action),
    h("button", { class: "button quiet icon", type: "button", "aria-label": "Dismiss", click: end }, icon("close")));

  function hold() {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    left -= Date.now() - since;
  }

  function run() {
    if (!element.isConnected || timer !== undefined) return;
    since = Date.now();
    timer = setTimeout(end, Math.max(left, 1000));
  }

  function close() {
    clearTimeout(timer);
    if (element.contains(document.activeElement)) document.querySelector("h1")?.focus();
    element.remove();
  }

  function end() {
    close();
    onClose?.();
  }

  region.append(element);
  timer = setTimeout(end, duration);
  return { close };
}
