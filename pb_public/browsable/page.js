// The browsable API's pages. The server renders them; this script adds what plain
// navigation cannot send: the session's token, other methods, and JSON.

import { current, onChange } from "../session.js";
import { showAccount, signInFrom } from "./account.js";
import { chooser } from "./choices.js";
import { send } from "./exchange.js";
import { payload, remember } from "./forms.js";
import { showAnswer, showFailure, showPage, showRaw } from "./show.js";
import { selectTab, tabKeys } from "./tabs.js";

/** Set while a request is in flight, so that no input gets lost. */
let busy = false;

/** The user for whom the page was loaded. */
let user = current()?.user.id;

/** @returns {HTMLElement} */
const main = () => /** @type {HTMLElement} */ (document.querySelector("main"));

/** Whether the resource needs authentication. */
const isSecret = () => !main().hasAttribute("data-public");

/** Whether the page shows the resource instead of the sign-in form. */
const isShown = () => !main().hasAttribute("data-sign-in");

/** Prepares new forms and inputs in the page. */
function prepare() {
  for (const form of document.querySelectorAll(".request form:not([data-ready])")) remember(/** @type {HTMLFormElement} */ (form));
  for (const input of document.querySelectorAll("input[data-endpoint]:not([role])")) chooser(/** @type {HTMLInputElement} */ (input));
}

/** Runs one task at a time and marks the page as busy. @param {() => Promise<void>} work */
async function exclusively(work) {
  if (busy) return;
  busy = true;
  main().setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    showFailure(error);
  } finally {
    busy = false;
    main().removeAttribute("aria-busy");
    prepare();
    showAccount();
  }
}

const load = () => exclusively(async () => showPage(await send(location.href, { secret: true })));

/** @param {HTMLFormElement} form @param {string} method */
const submit = (form, method) =>
  exclusively(async () => {
    const answer = await send(location.href, { method, json: payload(form, method), secret: isSecret() });
    await showPage(answer, form.closest("section"));
  });

/** @param {string} method */
const call = (method) =>
  exclusively(async () => {
    const answer = await send(location.href, { method, secret: isSecret() });
    await (method === "DELETE" && answer.ok ? showPage(answer) : showAnswer(answer));
  });

/** Signs in and reloads the page for that user. @param {HTMLFormElement} form */
async function signInAgain(form) {
  if (busy) return;
  busy = true;
  const signedIn = await signInFrom(form);
  busy = false;
  const before = user;
  user = current()?.user.id;
  showAccount();
  if (!signedIn) return;
  if (before && before !== user) location.reload();
  else if (!isShown()) load();
}

function confirmDelete() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("confirm"));
  dialog.returnValue = "";
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const tab = target.closest("[role=tab]");
  if (tab) return selectTab(/** @type {HTMLElement} */ (tab));
  const format = /** @type {HTMLAnchorElement | null} */ (target.closest("a[data-format]"));
  if (format && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    exclusively(async () => showRaw(format.href, await send(format.href, { accept: "*/*", secret: isSecret() })));
  }
  const method = target.closest("button[type=button][data-method]")?.getAttribute("data-method");
  if (method === "DELETE") confirmDelete();
  else if (method) call(method);
});

// One listener for all: a dialog that is opened again before the event of its last
// closing has come would lose a listener of its own. The event does not bubble.
document.addEventListener(
  "close",
  (event) => {
    const dialog = /** @type {HTMLDialogElement} */ (event.target);
    if (dialog.id === "confirm" && dialog.returnValue === "delete") call("DELETE");
  },
  true,
);

document.addEventListener("keydown", tabKeys);

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.method === "dialog" || form.method === "get") return;
  event.preventDefault();
  if (form.id === "sign-in-form") return void signInAgain(form);
  const method = event.submitter?.getAttribute("data-method") ?? form.querySelector("[data-method]")?.getAttribute("data-method");
  if (method) submit(form, method);
});

// Leave empty filters out of the query.
document.addEventListener("formdata", (event) => {
  if (/** @type {HTMLFormElement} */ (event.target).method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

onChange((session) => {
  showAccount();
  // Do not show one user's data to the next.
  if (!busy && user && session?.user.id !== user) location.reload();
});

prepare();
showAccount();
if (!isShown() && current()) load();
