// The console: shows the view at the current address, or the sign-in form.

import { current, onChange, signOut } from "../session.js";
import { explain } from "./request.js";
import { finish } from "./deletions.js";
import { closeDialogs } from "./dialog.js";
import { openDoctorForm } from "./doctor-actions.js";
import { h } from "./dom.js";
import { draftBar } from "./draft-bar.js";
import { dropForeignDrafts } from "./drafts.js";
import { openPatientForm } from "./patient-actions.js";
import { address, go, route } from "./router.js";
import { shell } from "./shell.js";
import { follow } from "./store.js";
import { toast } from "./toast.js";
import { devicesView } from "./views/devices.js";
import { doctorsView } from "./views/doctors.js";
import { overviewView } from "./views/overview.js";
import { patientView } from "./views/patient.js";
import { patientsView } from "./views/patients.js";
import { signInView } from "./views/sign-in.js";

/**
 * @typedef {{ route: import("./router.js").Route, signal: AbortSignal, user: import("../session.js").User, retitle: (title: string) => void, leave: typeof leave }} Context
 * @typedef {{ title: string, element: HTMLElement }} View
 */

const app = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Aborted when the view, or the session, ends. */
let ofView = new AbortController(), ofUser = new AbortController();

/** @type {{ user: string, frame: ReturnType<typeof shell> } | null} */
let signedIn = null;
let leaving = false;

/** The forms that drafts are from, by collection. @type {Record<string, (item?: any) => Promise<void>>} */
const forms = { patients: openPatientForm, doctors: openDoctorForm };

/** @type {Record<string, (context: Context) => View>} */
const views = { overview: overviewView, doctors: doctorsView, devices: devicesView };

/** @param {import("./router.js").Route} asked */
function viewOf({ path }) {
  if (path[0] === "patients" && path.length === 1) return patientsView;
  if (path[0] === "patients" && path.length === 2) return patientView;
  return path.length === 1 ? views[path[0] ?? ""] ?? missing : missing;
}

/** @returns {View} */
function missing() {
  return { title: "Not found", element: h("div", { class: "view" }, h("div", { class: "panel state" },
    h("h1", { tabindex: -1 }, "Page not found"), h("a", { class: "button", href: address(["overview"]) }, "Overview"))) };
}

function render() {
  ofView.abort();
  ofView = new AbortController();
  closeDialogs();
  const session = current();
  if (session) showView(session.user);
  else showSignIn();
  document.querySelector("h1")?.focus();
  scrollTo(0, 0);
}

function showSignIn() {
  const ended = signedIn !== null && !leaving;
  ofUser.abort();
  ofUser = new AbortController();
  signedIn = null;
  const isNew = route().path[0] === "register";
  const view = signInView({ isNew, notice: ended ? "Your session has ended. Sign in again." : "" });
  retitle(view.title);
  app.replaceChildren(view.element);
}

/** @param {import("../session.js").User} user */
function showView(user) {
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
  if (["", "sign-in", "register"].includes(asked.path[0] ?? "")) return go(address(["overview"]));
  const { title, element } = viewOf(asked)({ route: asked, signal: ofView.signal, user, retitle, leave });
  retitle(title);
  signedIn?.frame.show(element, asked.path[0] ?? "");
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
  } catch (error) {
    leaving = false;
    toast(`Not signed out. ${explain(error)}`, { bad: true });
  }
}

onChange((session) => {
  if ((session?.user.id ?? null) !== (signedIn?.user ?? null)) render();
});
addEventListener("hashchange", render);
render();
