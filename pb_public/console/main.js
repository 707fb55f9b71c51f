// The console: shows the view at the current address, or the sign-in form.

import { current, onChange, onSignOut, signOut } from "../session.js";
import { explain } from "./request.js";
import { finish } from "./deletions.js";
import { closeDialogs } from "./dialog.js";
import { openDoctorForm } from "./doctor-actions.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { draftBar } from "./draft-bar.js";
import { dropForeignDrafts } from "./drafts.js";
import { openPatientForm } from "./patient-actions.js";
import { address, go, keepScroll, restoreScroll, route } from "./router.js";
import { shell } from "./shell.js";
import { bindShortcuts } from "./shortcuts.js";
import { follow } from "./store.js";
import { toast } from "./toast.js";
import { accountView } from "./views/account.js";
import { confirmationViews } from "./views/confirmations.js";
import { doctorView } from "./views/doctor.js";
import { doctorsView } from "./views/doctors.js";
import { overviewView } from "./views/overview.js";
import { patientView } from "./views/patient.js";
import { patientsView } from "./views/patients.js";
import { forgotView } from "./views/forgot.js";
import { signInView } from "./views/sign-in.js";

/**
 * @typedef {{ route: import("./router.js").Route, signal: AbortSignal, user: import("../session.js").User, retitle: (title: string) => void, leave: typeof leave }} Context
 * @typedef {{ title: string, element: HTMLElement }} View
 * @typedef {(context: Context) => View | Promise<View>} Viewer
 */

const app = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Aborted when the view, or the session, ends. */
let ofView = new AbortController(), ofUser = new AbortController();

/** @type {{ user: string, frame: ReturnType<typeof shell> } | null} */
let signedIn = null;
let leaving = false;

/** The forms that drafts are from, by collection. @type {Record<string, (item?: any) => Promise<void>>} */
const forms = { patients: openPatientForm, doctors: openDoctorForm };

/** @type {Record<string, Viewer>} */
const views = { overview: overviewView, patients: patientsView, doctors: doctorsView, account: accountView };

/** The views of one record. @type {Record<string, Viewer>} */
const recordViews = { patients: patientView, doctors: doctorView };

/** @param {import("./router.js").Route} asked @returns {Viewer} */
function viewOf({ path }) {
  const name = path[0] ?? "";
  if (path.length > 2) return missing;
  return (path.length === 2 ? recordViews[name] : views[name]) ?? missing;
}

/** @returns {View} */
function missing() {
  return { title: "Not found", element: h("div", { class: "view" }, h("div", { class: "panel state" },
    icon("search"), h("h1", { tabindex: -1 }, "Page not found"), h("p", { class: "muted" }, "There is nothing at this address."), h("a", { class: "button", href: address(["overview"]) }, "Go to the overview"))) };
}

function render() {
  ofView.abort();
  ofView = new AbortController();
  closeDialogs();
  const session = current(), { path } = route();
  const guest = confirmationViews[path[0] ?? ""];
  if (guest && path.length === 2) showAlone(guest({ token: path[1] ?? "" }));
  else if (session) void showView(session.user, ofView.signal);
  else showSignIn();
}

/** Shows a view that needs nobody to be signed in, without the frame. @param {View} view */
function showAlone(view) {
  ofUser.abort();
  signedIn = null;
  retitle(view.title);
  app.replaceChildren(view.element);
  focusFirst();
}

/** The first field of a view for those who are not signed in, or the heading. */
function focusFirst() {
  const field = document.querySelector(/** @type {"input"} */ (".entrance form input"));
  (field ?? document.querySelector("h1"))?.focus();
}

function showSignIn() {
  const ended = signedIn !== null && !leaving;
  ofUser.abort();
  ofUser = new AbortController();
  signedIn = null;
  const kind = route().path[0] ?? "";
  const view = kind === "forgot" ? forgotView() : signInView({ isNew: kind === "register", notice: ended ? "Your session has ended. Sign in again." : "" });
  retitle(view.title);
  app.replaceChildren(view.element);
  focusFirst();
}

/** @param {import("../session.js").User} user @param {AbortSignal} signal */
async function showView(user, signal) {
  if (signedIn?.user !== user.id) {
    ofUser.abort();
    ofUser = new AbortController();
    leaving = false;
    dropForeignDrafts();
    const frame = shell({ user, signOut: () => void leave(), notices: [draftBar(forms, ofUser.signal)] });
    signedIn = { user: user.id, frame };
    app.replaceChildren(frame.element);
    follow(ofUser.signal, (lost) => frame.showConnection(lost));
  }
  const asked = route();
  if (["", "sign-in", "register", "forgot"].includes(asked.path[0] ?? "")) return go(address(["overview"]));
  if (asked.path[0] === "devices") return go(address(["account"]));
  const { title, element } = await viewOf(asked)({ route: asked, signal, user, retitle, leave });
  if (signal.aborted) return;
  retitle(title);
  signedIn?.frame.show(element, asked.path[0] ?? "");
  document.querySelector("h1")?.focus({ preventScroll: true });
  restoreScroll(signal);
}

/** @param {string} title */
function retitle(title) {
  document.title = `${title} · Carebase`;
}

/** Signs out, and shows a message if that fails. @param {Parameters<typeof signOut>[0]} [options] */
async function leave(options) {
  leaving = true;
  try {
    await finish();
    await signOut(options);
    dropForeignDrafts();
    // Who signs in next finds neither the search nor the patient of who was here before.
    history.replaceState(null, "", address(["sign-in"]));
  } catch (error) {
    leaving = false;
    toast(`Not signed out. ${explain(error)}`, { bad: true });
  }
}

onChange((session) => {
  if ((session?.user.id ?? null) !== (signedIn?.user ?? null)) render();
  else if (session) signedIn?.frame.showUser(session.user);
});
// Somebody who signs out in another tab needs no notice, and leaves no drafts.
onSignOut((phase) => {
  leaving = phase !== "failed";
  if (phase !== "done") return;
  dropForeignDrafts();
  document.querySelector(".entrance .notice")?.remove();
});
addEventListener("hashchange", render);
bindShortcuts();
keepScroll();
render();
